"""A bundle that somebody has made to do harm is refused whole: the member is named, and nothing is left behind."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.bundles.imports import import_bundle
from spark_etl.errors import ArgumentError, DamagedError
from spark_etl.store import BundleArchive
from spark_etl.store.bundle import read, structure

from tests.support.bundles import DOCUMENT, LIST, MANIFEST, ROWS, exported, failed_run, members, rebuilt, tree

Contents = dict[str, bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    return exported(failed_run(folder), folder / "x.bundle").path


@pytest.fixture
def contents(whole: Path) -> Contents:
    return members(whole)


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., str]:
    """Imports, and returns why that was refused; the store has to be as it was."""

    def check(bundle: Path) -> str:
        there = tmp_path / "there" / "sales"
        there.mkdir(parents=True, exist_ok=True)
        (there / "keep").write_text("mine")
        before = tree(tmp_path)
        with pytest.raises(DamagedError) as raised:
            import_bundle(bundle, str(tmp_path / "there"), by="ada")
        assert raised.value.hint, "the next command is said"
        assert tree(tmp_path) == before
        assert not (tmp_path / "there" / "imported").exists()
        return raised.value.message

    return check


def test_what_is_rebuilt_by_hand_is_accepted(contents: Contents, tmp_path: Path) -> None:
    """The cases below change one thing each of what this test imports."""
    found = import_bundle(rebuilt(tmp_path / "x", contents), str(tmp_path / "there"), by="ada")
    assert found.run.verify().whole


@pytest.mark.parametrize(
    "name",
    [
        "../../evil", "run/../../evil", "/etc/evil", "run//x", "run/./x", "C:/evil", "run\\orders\\x", "run/a\tb",
        "run/a\x1b[2J",
        f"run/_sources/file/{'x' * 300}", "run/" + "d/" * 600 + "x", "run/\u202eexe",
    ],
)  # fmt: skip
def test_names_that_are_no_files_of_a_run(name: str, contents: Contents, tmp_path: Path, refused: Any) -> None:
    message = refused(rebuilt(tmp_path / "x", {**contents, name: b"evil"}))
    assert "its name" in message or "leads out" in message or "header says something else" in message


@pytest.mark.parametrize(
    "name",
    [
        "run/_sources/file/CON", "run/_sources/file/aux.parquet", "run/_sources/file/nul/x", "run/_sources/file/x.",
        "run/_sources/file/x ", "run/_sources/file/x./y", "run/_sources/file/x:y", "run/_sources/file/a?b",
    ],
)  # fmt: skip
def test_names_that_windows_refuses(name: str, contents: Contents, tmp_path: Path, refused: Any) -> None:
    message = refused(rebuilt(tmp_path / "x", {**contents, name: b"x"}))
    assert name in message
    assert "on Windows" in message


def test_a_pipeline_that_windows_refuses(contents: Contents, tmp_path: Path, refused: Any) -> None:
    info = json.loads(contents[LIST])
    info["path"] = info["path"].replace("/revenue/", "/aux/")
    assert "`path` has an invalid value" in refused(
        rebuilt(tmp_path / "x", {**contents, LIST: json.dumps(info).encode()})
    )


@pytest.mark.parametrize("name", ["run/ORDERS/part-00000.parquet", "RUN/run.json", "run/orders", "run/run.json/x"])
def test_names_that_meet_on_some_disk(name: str, contents: Contents, tmp_path: Path, refused: Any) -> None:
    assert "meets" in refused(rebuilt(tmp_path / "x", {**contents, name: b"x"}))


def test_names_that_are_the_same_text(contents: Contents, tmp_path: Path, refused: Any) -> None:
    more = {"run/_sources/file/\u00e9": b"x", "run/_sources/file/e\u0301": b"x"}
    assert "meets" in refused(rebuilt(tmp_path / "x", {**contents, **more}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice(contents: Contents, tmp_path: Path, refused: Any) -> None:
    bundle = rebuilt(tmp_path / "x", contents)
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(ROWS, contents[ROWS])
    assert "meets" in refused(bundle)


def test_a_member_that_is_not_listed(contents: Contents, tmp_path: Path, refused: Any) -> None:
    message = refused(rebuilt(tmp_path / "x", {**contents, "run/orders/x.parquet": b"x"}, relist=False))
    assert "run/orders/x.parquet is not listed" in message


def test_a_member_with_other_content_than_is_listed(contents: Contents, tmp_path: Path, refused: Any) -> None:
    """Its size and its checksum in the zip are right."""
    message = refused(rebuilt(tmp_path / "x", {**contents, "run/run.log": b"net worked\n"}, relist=False))
    assert "run/run.log is different: its SHA-256" in message


def test_a_listed_member_that_is_missing(contents: Contents, tmp_path: Path, refused: Any) -> None:
    del contents[ROWS]
    assert f"{ROWS} is missing" in refused(rebuilt(tmp_path / "x", contents, relist=False))
    assert f"{ROWS} is missing" in refused(rebuilt(tmp_path / "y", contents))


@pytest.mark.parametrize(
    "name", ["run/evil.txt", "run/_publish.json", "run/other/x.parquet", "code/x.zip", "evil", "run/orders/x.py"]
)
def test_what_is_no_part_of_a_run(name: str, contents: Contents, tmp_path: Path, refused: Any) -> None:
    message = refused(rebuilt(tmp_path / "x", {**contents, name: b"x"}))
    assert name in message
    assert "no part of a run" in message or "not the code" in message


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR])
def test_links_and_devices(kind: int, contents: Contents, tmp_path: Path, refused: Any) -> None:
    def change(entry: zipfile.ZipInfo) -> None:
        if entry.filename == ROWS:
            entry.external_attr = (kind | 0o777) << 16

    message = refused(rebuilt(tmp_path / "x", contents, change=change))
    assert ROWS in message
    assert "a link, a device or a folder" in message


def flag(bundle: Path, name: str, bits: int) -> None:
    """Sets bits of a member's flags, in its own header and in the directory."""
    with zipfile.ZipFile(bundle) as archive:
        offset = archive.getinfo(name).header_offset
    content = bytearray(bundle.read_bytes())
    place = content.rfind(b"PK\1\2", 0, content.rfind(name.encode()))
    for at in (offset + 6, place + 8):
        content[at : at + 2] = struct.pack("<H", struct.unpack_from("<H", content, at)[0] | bits)
    bundle.write_bytes(content)


@pytest.mark.parametrize(
    ("bits", "why"), [(1, "encrypted"), (8, "its size comes behind it"), (0x40, "packed"), (0x20, "")]
)
def test_members_that_are_packed_in_other_ways(
    bits: int, why: str, contents: Contents, tmp_path: Path, refused: Any
) -> None:
    bundle = rebuilt(tmp_path / "x", contents)
    flag(bundle, ROWS, bits)
    assert why in refused(bundle)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_rows_that_are_compressed(method: int, contents: Contents, tmp_path: Path, refused: Any) -> None:
    def change(entry: zipfile.ZipInfo) -> None:
        if entry.filename == ROWS:
            entry.compress_type = method

    assert ROWS in refused(rebuilt(tmp_path / "x", contents, change=change))


def test_a_zip_bomb(contents: Contents, tmp_path: Path, refused: Any) -> None:
    def change(entry: zipfile.ZipInfo) -> None:
        if entry.filename == "run/run.log":
            entry.compress_type = zipfile.ZIP_DEFLATED

    message = refused(rebuilt(tmp_path / "x", {**contents, "run/run.log": b"\0" * (8 << 20)}, change=change))
    assert "run/run.log" in message
    assert "unpack to" in message


def test_a_bomb_that_lies_about_its_size(contents: Contents, tmp_path: Path, refused: Any) -> None:
    """What is unpacked is counted, whatever the headers say."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"\0" * (64 << 20)) + packer.flush()
    name, content = "run/run.log", b"\0" * len(packed)
    bundle = rebuilt(tmp_path / "x", {**contents, name: content})
    raw = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as archive:
        offset = archive.getinfo(name).header_offset
    place = raw.rfind(b"PK\1\2", 0, raw.rfind(name.encode()))
    raw[offset + 8 : offset + 10] = raw[place + 10 : place + 12] = struct.pack("<H", zipfile.ZIP_DEFLATED)
    start = offset + 30 + len(name)
    raw[start : start + len(packed)] = packed
    bundle.write_bytes(raw)
    assert "does not come to the size" in refused(bundle)
    seen = 0
    with BundleArchive(bundle) as archive, suppress(DamagedError):
        for chunk in archive.chunks(name):
            seen += len(chunk)
    assert seen <= len(content), "unpacking ends where the size is reached"


def test_overlapping_members(contents: Contents, tmp_path: Path, refused: Any) -> None:
    """Two entries of the directory that lead to one content."""
    bundle = rebuilt(tmp_path / "x", contents)
    raw = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as archive:
        first = archive.getinfo("run/orders/part-00000.parquet").header_offset
    place = raw.rfind(b"PK\1\2", 0, raw.rfind(b"run/orders/part-00001.parquet"))
    raw[place + 42 : place + 46] = struct.pack("<L", first)
    bundle.write_bytes(raw)
    assert "overlaps" in refused(bundle)


@pytest.mark.parametrize("where", ["before", "between", "after", "comment"])
def test_bytes_that_belong_to_no_member(where: str, contents: Contents, tmp_path: Path, refused: Any) -> None:
    bundle = rebuilt(tmp_path / "x", contents)
    raw = bundle.read_bytes()
    if where == "before":
        bundle.write_bytes(b"#!/bin/sh\n" + raw)
    elif where == "after":
        bundle.write_bytes(raw + b"more")
    elif where == "comment":
        bundle.write_bytes(raw[:-2] + struct.pack("<H", 4) + b"more")
    else:
        start = struct.unpack_from("<L", raw, len(raw) - 6)[0]
        end = bytearray(raw[start:])
        end[-6:-2] = struct.pack("<L", start + 4)
        bundle.write_bytes(raw[:start] + b"more" + bytes(end))
    refused(bundle)


def test_absurd_numbers_of_members(contents: Contents, tmp_path: Path, refused: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(structure, "MOST_MEMBERS", 3)
    assert "members; a bundle has 3 at most" in refused(rebuilt(tmp_path / "x", contents))


def test_documents_that_fit_in_no_memory(contents: Contents, tmp_path: Path, refused: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(read, "LARGEST_DOCUMENTS", 1000)
    assert "MB of documents" in refused(rebuilt(tmp_path / "x", contents))


def test_absurd_sizes(contents: Contents, tmp_path: Path, refused: Any) -> None:
    info = json.loads(contents[LIST])
    info["members"] = [[name, 1 << 62, digest] for name, _, digest in info["members"]]
    contents[LIST] = json.dumps(info).encode()
    assert "bundle.json says 4,611,686," in refused(rebuilt(tmp_path / "x", contents, relist=False))


@pytest.mark.parametrize(
    "name", [LIST, DOCUMENT, MANIFEST, "run/_inputs.json", "run/_sources.json", "run/net/_failure.json"]
)
@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
     b'{"format": 1e999}', b'{"format": 99}', b"1" * 5_000],
    ids=["nothing", "null", "list", "empty", "bytes", "deep", "deep objects", "infinite", "newer", "digits"],
)  # fmt: skip
def test_documents_that_are_none(name: str, content: bytes, contents: Contents, tmp_path: Path, refused: Any) -> None:
    if name == "run/net/_failure.json" and content in {b"{}", b'{"format": 99}', b'{"format": 1e999}'}:
        pytest.skip("a report may say so little")
    if name == LIST:
        bundle = rebuilt(tmp_path / "x", {**contents, name: content}, relist=False)
    else:
        bundle = rebuilt(tmp_path / "x", {**contents, name: content})
    assert name in refused(bundle)


def edited(contents: Contents, name: str, change: Callable[[Any], None]) -> Contents:
    document = json.loads(contents[name])
    change(document)
    return {**contents, name: json.dumps(document).encode()}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (DOCUMENT, lambda run: run.update(path="s3a://other/place")),
        (DOCUMENT, lambda run: run.update(pipeline="../x")),
        (DOCUMENT, lambda run: run.update(kind="adopted")),
        (DOCUMENT, lambda run: run.update(adopted={"orders": "file:///etc"})),
        (DOCUMENT, lambda run: run["features"]["orders"].update(reused_from="file:///etc")),
        (DOCUMENT, lambda run: run["features"]["orders"].update(bytes=None)),
        (DOCUMENT, lambda run: run["features"]["net"].update(bytes=5)),
        (DOCUMENT, lambda run: run.update(imported={"from": 5})),
        (DOCUMENT, lambda run: run["code"].update(sha256="0" * 64)),
        (DOCUMENT, lambda run: run.update(status="fine")),
        (DOCUMENT, lambda run: run.update(status="running")),
        (DOCUMENT, lambda run: run["features"].update({"..": {"state": "pending"}})),
        (DOCUMENT, lambda run: run["features"].update({"a/b": {"state": "pending"}})),
        (DOCUMENT, lambda run: run["features"].update({"a; rm": {"state": "pending"}})),
        (MANIFEST, lambda manifest: manifest.update(data_folder="file:///etc", format=3)),
        (MANIFEST, lambda manifest: manifest["files"][0].update(name="../../x")),
        (MANIFEST, lambda manifest: manifest["files"][0].update(name="_manifest.json")),
        (MANIFEST, lambda manifest: manifest["files"][0].update(rows=99)),
        (MANIFEST, lambda manifest: manifest.update(rows=5)),
        (MANIFEST, lambda manifest: manifest.update(columns={"other": "bigint"})),
        (MANIFEST, lambda manifest: manifest.update(run_id="20240229T101112Z-000000")),
        (MANIFEST, lambda manifest: manifest.update(feature="users")),
        ("run/_sources.json", lambda found: found["objects"][0].__setitem__(1, "_sources/../../x")),
        ("run/_sources.json", lambda found: found["objects"][0].__setitem__(1, "orders/part-00000.parquet")),
        ("run/_sources.json", lambda found: found["objects"][0].__setitem__(0, "file:///other")),
        ("run/_sources.json", lambda found: found["objects"][0].__setitem__(3, "0" * 64)),
        ("run/net/_failure.json", lambda report: report.update(inputs={"x": "file:///etc"})),
        ("run/net/_failure.json", lambda report: report.update(inputs={"x": ".."})),
        ("run/net/_failure.json", lambda report: report.update(metrics=[1])),
        (LIST, lambda info: info.update(path="../../x")),
        (LIST, lambda info: info.update(path=f"s3a://a/b/../{'2' * 8}")),
        (LIST, lambda info: info.update(kind="x" * 1000)),
        (LIST, lambda info: info.update(sample={"fraction": 2})),
        (LIST, lambda info: info.update(personal=[1])),
        (LIST, lambda info: info.pop("features")),
    ],
)  # fmt: skip
def test_documents_that_do_not_fit(
    name: str, change: Callable[[Any], None], contents: Contents, tmp_path: Path, refused: Any
) -> None:
    message = refused(rebuilt(tmp_path / "x", edited(contents, name, change)))
    assert message.removeprefix(f"{tmp_path}/x: ").startswith(("run/", "code/", LIST))


def test_a_list_may_leave_out_what_is_null(contents: Contents, tmp_path: Path) -> None:
    bundle = rebuilt(tmp_path / "x", edited(contents, LIST, lambda info: info.pop("sample")))
    assert import_bundle(bundle, str(tmp_path / "there"), by="ada").run.verify().whole


def with_rows(contents: Contents, content: bytes) -> Contents:
    """Returns a bundle with another file of rows, whose size its manifest has."""

    def change(manifest: Any) -> None:
        manifest["bytes"] += len(content) - manifest["files"][0]["bytes"]
        manifest["files"][0]["bytes"] = len(content)

    return edited({**contents, ROWS: content}, MANIFEST, change)


def test_parquet_with_other_rows_than_its_manifest_says(contents: Contents, tmp_path: Path, refused: Any) -> None:
    buffer = io.BytesIO()
    parquet.write_table(pa.table({"id": [1], "customer": ["a"]}), buffer)
    message = refused(rebuilt(tmp_path / "x", with_rows(contents, buffer.getvalue())))
    assert ROWS in message
    assert "it has 1 rows" in message


@pytest.mark.parametrize("length", [0, 1, 1 << 31, (1 << 32) - 1])
def test_parquet_whose_footer_lies_about_its_length(
    length: int, contents: Contents, tmp_path: Path, refused: Any
) -> None:
    content = contents[ROWS][:-8] + struct.pack("<L", length) + b"PAR1"
    assert ROWS in refused(rebuilt(tmp_path / "x", with_rows(contents, content)))


def test_parquet_whose_columns_lie_elsewhere(contents: Contents, tmp_path: Path, refused: Any) -> None:
    """The rows are cut out: the footer, which is whole, speaks of bytes that are not there."""
    length = struct.unpack("<L", contents[ROWS][-8:-4])[0]
    content = b"PAR1" + contents[ROWS][-8 - length :]
    message = refused(rebuilt(tmp_path / "x", with_rows(contents, content)))
    assert "outside of the file" in message or "can't be read" in message


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"no parquet at all, but long enough"])
def test_rows_that_are_no_parquet(content: bytes, contents: Contents, tmp_path: Path, refused: Any) -> None:
    assert ROWS in refused(rebuilt(tmp_path / "x", with_rows(contents, content)))


class Evil:
    """Makes a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._mark,))


@pytest.mark.parametrize("name", ["run/evil.pkl", DOCUMENT, ROWS, "run/_inputs.json"])
def test_no_pickle_is_read(name: str, contents: Contents, tmp_path: Path, refused: Any) -> None:
    mark = tmp_path / "mark"
    changed = {**contents, name: pickle.dumps(Evil(mark))}
    refused(rebuilt(tmp_path / "x", with_rows(contents, changed[ROWS]) if name == ROWS else changed))
    assert not mark.exists()


def test_code_that_is_no_archive(contents: Contents, tmp_path: Path, refused: Any) -> None:
    (code,) = (name for name in contents if name.startswith("code/"))
    assert "not the code" in refused(rebuilt(tmp_path / "x", {**contents, code: b"import os"}))


def test_code_with_a_way_out(contents: Contents, tmp_path: Path, refused: Any) -> None:
    """An archive that its hash names rightly, with a name that leads out of the folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../evil.py", "x")
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    (code,) = (name for name in contents if name.startswith("code/"))
    del contents[code]
    changed = edited(contents, DOCUMENT, lambda run: run["code"].update(sha256=digest))
    changed[f"code/{digest}.zip"] = buffer.getvalue()
    assert "leads out" in refused(rebuilt(tmp_path / "x", changed))


@pytest.mark.parametrize("size", [0, 10, 21, 22, 1000])
def test_a_file_that_was_cut(size: int, whole: Path, tmp_path: Path, refused: Any) -> None:
    bundle = tmp_path / "x"
    bundle.write_bytes(whole.read_bytes()[:size])
    assert str(bundle) in refused(bundle)


@pytest.mark.parametrize("content", [b"PK\5\6" + b"\0" * 18, b"GIF89a" * 100, b"\x80\x04."])
def test_a_file_that_is_no_bundle(content: bytes, tmp_path: Path, refused: Any) -> None:
    bundle = tmp_path / "x"
    bundle.write_bytes(content)
    assert "no bundle" in refused(bundle)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ArgumentError, match="can't be read"):
            import_bundle(path, str(tmp_path / "there"), by="ada")


def test_a_file_of_the_folder_that_one_is_in_is_no_module(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zipfile.py").write_text(f"open({str(tmp_path / 'was_run')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    import_bundle(whole, str(tmp_path / "there"), by="ada")
    assert not (tmp_path / "was_run").exists()


def test_an_imported_run_takes_nothing_along_that_did_not_come_with_it(contents: Contents, tmp_path: Path) -> None:
    """It may say that it had read anything: what it was exported from is somebody else's machine."""
    secret = tmp_path / "id_rsa"
    secret.write_text("mine")
    inputs = json.loads(contents["run/_inputs.json"])
    for source in inputs["sources"].values():
        source["objects"].append([f"file://{secret}", None, None])
    bundle = rebuilt(tmp_path / "x", {**contents, "run/_inputs.json": json.dumps(inputs).encode()})
    run = import_bundle(bundle, str(tmp_path / "there"), by="ada").run
    again = members(exported(run, tmp_path / "again").path)
    assert not [name for name, content in again.items() if content == b"mine"]
    assert [name for name in again if name.endswith("rates.parquet")], "what came with it goes along"


def test_a_directory_of_more_members_than_its_end_says(contents: Contents, tmp_path: Path, refused: Any) -> None:
    bundle = rebuilt(tmp_path / "x", contents)
    raw = bytearray(bundle.read_bytes())
    raw[-14:-10] = struct.pack("<HH", 1, 1)
    bundle.write_bytes(raw)
    assert "members" in refused(bundle)


def test_another_name_of_a_member_in_the_directory(contents: Contents, tmp_path: Path, refused: Any) -> None:
    """Info-ZIP's Unicode path, which some readers take for the name."""
    name = b"run/evil.py"
    extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zlib.crc32(ROWS.encode())) + name
    bundle = rebuilt(tmp_path / "x", contents)
    raw = bytearray(bundle.read_bytes())
    start, place = struct.unpack_from("<L", raw, len(raw) - 6)[0], raw.rfind(ROWS.encode())
    raw[place - 16 : place - 14] = struct.pack("<H", len(extra))
    raw[place + len(ROWS) : place + len(ROWS)] = extra
    raw[-10:-6] = struct.pack("<L", len(raw) - 22 - start)
    bundle.write_bytes(raw)
    assert "such as another name" in refused(bundle)


def test_documents_that_need_more_memory_together_than_one_may(
    contents: Contents, tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is within its own bounds; none is parsed."""
    manifest = json.loads(contents[MANIFEST])
    manifest["inputs"] = {"x": [[]] * 400_000}
    content = json.dumps(manifest, separators=(",", ":")).encode()
    assert len(content) < 2 << 20
    more = {f"run/orders.{name}/_manifest.json": content for name in "abcdefghijklmnopqrst"}
    parsed: list[str] = []
    monkeypatch.setattr(read, "parse_manifest", lambda _, where: parsed.append(where))
    message = refused(rebuilt(tmp_path / "x", {**contents, **more}))
    assert "documents need more than 1,024 MB of memory" in message
    assert parsed == []


def test_what_reads_footers_may_take_so_much_memory_and_no_more() -> None:
    code = (
        "from spark_etl.bundles import footers\n"
        "footers.MOST_MEMORY = 256 << 20; footers._limit_memory(); bytearray(512 << 20)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr
