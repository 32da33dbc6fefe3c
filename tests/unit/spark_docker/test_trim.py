from __future__ import annotations

import zipfile

import pytest


def jar(path, *entries):
    with zipfile.ZipFile(path, "w") as archive:
        for entry in entries:
            archive.writestr(entry, entry)
    return path


def entries(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


ROCKSDB = (
    "org/rocksdb/RocksDB.class",
    "librocksdbjni-linux64.so",
    "librocksdbjni-linux64-musl.so",
    "librocksdbjni-win64.dll",
)


@pytest.mark.parametrize(
    ("machine", "library", "kept"),
    [
        ("x86_64", "librocksdbjni-linux64.so", True),
        ("x86_64", "librocksdbjni-linux64-musl.so", False),
        ("x86_64", "librocksdbjni-linux-aarch64.so", False),
        ("x86_64", "linux/amd64/libzstd-jni-1.5.7-6.so", True),
        ("x86_64", "org/xerial/snappy/native/Linux/x86_64/libsnappyjava.so", True),
        ("x86_64", "org/xerial/snappy/native/Linux/x86_64-musl/libsnappyjava.so", False),
        ("x86_64", "darwin/aarch64/libzstd-jni-1.5.7-6.dylib", False),
        ("aarch64", "librocksdbjni-linux-aarch64.so", True),
        ("aarch64", "librocksdbjni-linux-aarch64-musl.so", False),
        ("aarch64", "linux/aarch64/libzstd-jni-1.5.7-6.so", True),
        ("aarch64", "org/xerial/snappy/native/Linux/android-aarch64/libsnappyjava.so", False),
        ("aarch64", "org/xerial/snappy/native/Linux/aarch64/libsnappyjava.so", True),
        ("aarch64", "org/rocksdb/RocksDB.class", True),
    ],
)
def test_only_this_machines_native_library_is_kept(trim, machine, library, kept):
    assert trim.is_foreign(library, machine) is not kept


def test_a_jar_keeps_its_classes_and_its_time(trim, tmp_path):
    path = jar(tmp_path / "rocksdbjni-9.jar", *ROCKSDB)
    before = path.stat().st_mtime
    trim.slim_jar(path, "x86_64")
    assert entries(path) == list(ROCKSDB[:2])
    assert path.stat().st_mtime == before
    assert [file.name for file in tmp_path.iterdir()] == ["rocksdbjni-9.jar"]


def test_a_jar_that_names_its_libraries_in_a_new_way_stops_the_build(trim, tmp_path):
    path = jar(tmp_path / "rocksdbjni-10.jar", "native/x64/rocksdb.so")
    with pytest.raises(ValueError, match=r"rocksdbjni-10\.jar has no native library for x86_64"):
        trim.slim_jar(path, "x86_64")


def test_twins_become_links(trim, tmp_path):
    for name in ("libarrow.so", "libarrow.so.2600", "libarrow.so.2600.1.0"):
        (tmp_path / name).write_bytes(b"arrow")
    (tmp_path / "libparquet.so").write_bytes(b"parquet")
    trim.merge_twins(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_symlink()) == ["libarrow.so", "libarrow.so.2600"]
    assert {path.read_bytes() for path in tmp_path.glob("libarrow*")} == {b"arrow"}


def test_a_pattern_that_matches_nothing_fails_the_build(trim, tmp_path, monkeypatch, capsys):
    (tmp_path / "pyarrow").mkdir()
    (tmp_path / "pyspark/jars").mkdir(parents=True)
    (tmp_path / "pyspark/examples").mkdir()
    (tmp_path / "pyspark/jars/a-linux-x86_64.jar").touch()
    (tmp_path / "pyspark/jars/a-linux-aarch_64.jar").touch()
    monkeypatch.setattr(trim, "REMOVED", (("pyspark/examples", "examples"), ("pyspark/nonsense", "nothing")))
    monkeypatch.setattr("sys.argv", ["trim.py", str(tmp_path)])
    assert trim.main() == 1
    assert capsys.readouterr().err == "nothing matches: pyspark/nonsense\n"
    assert not (tmp_path / "pyspark/examples").exists()
    assert len(list((tmp_path / "pyspark/jars/lib").iterdir())) == 1
