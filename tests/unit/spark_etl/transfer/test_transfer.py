"""Files into a store and out of it: whole or not at all, and over nothing that is there."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.errors import ArgumentError, SparkEtlError, StorageError
from spark_etl.storage import StoredObject
from spark_etl.transfer import (
    Destination,
    Found,
    Upload,
    destination,
    find,
    head,
    list_folder,
    local_files,
    plan_download,
    plan_upload,
    put_files,
)

from tests.support.folder_store import FolderStore

BUCKETS = ("published", "scratch")


def place(text: str) -> Destination:
    return destination(text, BUCKETS)


def planned(path: Path, to: str, *, overwrite: bool = False) -> Upload:
    return plan_upload(local_files(str(path)), place(to), None, overwrite=overwrite)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    (made / "sub").mkdir(parents=True)
    (made / "a.csv").write_bytes(b"a" * 10)
    (made / "sub" / "b.csv").write_bytes(b"b" * 2_500_000)
    return made


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("orders.csv", "no place in the store", "s3://published/, s3://scratch/"),
        ("s3://", "names no bucket", "s3://published/"),
        ("s3:///x", "names no bucket", "s3://published/"),
        ("s3://publishd/x", "Did you mean `published`\\?", "sandbox data ls"),
        ("s3://published/../scratch/x", "no `.` and no `..`", "the whole path"),
        ("s3://published/" + "x" * 1100, "1024 bytes", ""),
        ("s3://published/a\x1b[31mb", "can't be shown", "rename"),
        ("gs://bucket/x", "no place in the store", "s3://published/"),
    ],
)
def test_a_place_that_is_none_is_refused_with_what_there_is(text: str, reason: str, hint: str) -> None:
    with pytest.raises(ArgumentError, match=reason) as refused:
        place(text)
    assert hint in str(refused.value.hint or "")


def test_every_spelling_of_s3_is_one_place() -> None:
    assert {place(text) for text in ("s3://published/x", "s3a://published/x", "s3n://published//x")} == {
        Destination("s3a://published/x", False)
    }
    assert place("s3://published").is_bucket


@pytest.mark.parametrize(
    ("to", "path"),
    [
        ("s3://published/x.csv", "s3a://published/x.csv"),
        ("s3://published/raw/", "s3a://published/raw/a.csv"),
        ("s3://published", "s3a://published/a.csv"),
        ("s3://published/there", "s3a://published/there/a.csv"),  # a folder has objects in it
    ],
)
def test_a_file_goes_to_the_path_or_into_a_folder(folder_store: FolderStore, folder: Path, to: str, path: str) -> None:
    folder_store.put("s3a://published/there/other", b"")
    assert [target for _, target in planned(folder / "a.csv", to).pairs] == [path]


def test_a_folder_comes_whole_with_bytes_of_progress(folder_store: FolderStore, folder: Path) -> None:
    told: list[tuple[str, int, int]] = []
    put_files(planned(folder, "s3://published/raw"), None, lambda *progress: told.append(progress))
    assert folder_store.files() == {
        "s3a://published/raw/a.csv": b"a" * 10,
        "s3a://published/raw/sub/b.csv": b"b" * 2_500_000,
    }
    assert told[0] == ("a.csv", 10, 2_500_010)
    assert told[-1] == ("sub/b.csv", 2_500_010, 2_500_010)


def test_what_is_there_is_not_written_over(folder_store: FolderStore, folder: Path) -> None:
    folder_store.put("s3a://published/raw/a.csv", b"other")
    with pytest.raises(ArgumentError, match=r"raw/a.csv is there already: nothing was written"):
        planned(folder, "s3://published/raw")
    put_files(planned(folder, "s3://published/raw", overwrite=True), None)
    assert folder_store.files()["s3a://published/raw/a.csv"] == b"a" * 10


def test_a_folder_is_not_put_where_an_object_is(folder_store: FolderStore, folder: Path) -> None:
    folder_store.put("s3a://published/raw", b"")
    with pytest.raises(ArgumentError, match="is an object: no folder"):
        planned(folder, "s3://published/raw", overwrite=True)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StorageError("full")], ids=["Ctrl-C", "store"])
def test_when_one_file_fails_those_before_it_go_again(
    folder_store: FolderStore, folder: Path, error: BaseException
) -> None:
    folder_store.put("s3a://published/raw/kept", b"kept")
    folder_store.fail_at, folder_store.error = "b.csv", error
    with pytest.raises(type(error)):
        put_files(planned(folder, "s3://published/raw"), None)
    assert folder_store.files() == {"s3a://published/raw/kept": b"kept"}


def test_a_file_that_grows_meanwhile_is_not_kept(folder_store: FolderStore, folder: Path) -> None:
    upload = planned(folder / "a.csv", "s3://published/raw/")
    (folder / "a.csv").write_bytes(b"a" * 20)
    with pytest.raises(ArgumentError, match="was written to meanwhile: 10 bytes before, 20 now"):
        put_files(upload, None)
    assert folder_store.files() == {}


@pytest.fixture
def stored(folder_store: FolderStore) -> FolderStore:
    folder_store.put("s3a://published/raw/a.csv", b"a,b\n1,2\n")
    folder_store.put("s3a://published/raw/sub/b.bin", bytes(range(256)))
    return folder_store


def test_bytes_come_back_as_they_went(stored: FolderStore, tmp_path: Path) -> None:
    target = tmp_path / "got"
    download = plan_download(find(place("s3://published/raw"), None), str(target), None, overwrite=False)
    download.run()
    assert {f"s3a://published/raw/{path.relative_to(target)}": path.read_bytes() for path in target.rglob("*.*")} == (
        stored.files()
    )
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_goes_into_a_folder_that_is_there_under_its_name(stored: FolderStore, tmp_path: Path) -> None:
    found = find(place("s3://published/raw/a.csv"), None)
    plan_download(found, str(tmp_path), None, overwrite=False).run()
    assert (tmp_path / "a.csv").read_bytes() == b"a,b\n1,2\n"
    with pytest.raises(ArgumentError, match="is there already"):
        plan_download(found, str(tmp_path), None, overwrite=False)
    (tmp_path / "a.csv").write_text("old")
    plan_download(found, str(tmp_path), None, overwrite=True).run()
    assert (tmp_path / "a.csv").read_bytes() == b"a,b\n1,2\n"


def test_a_file_that_comes_meanwhile_is_not_replaced(stored: FolderStore, tmp_path: Path) -> None:
    download = plan_download(find(place("s3://published/raw/a.csv"), None), str(tmp_path / "x"), None, overwrite=False)
    (tmp_path / "x").write_text("another's")
    with pytest.raises(ArgumentError, match="is there already"):
        download.run()
    assert (tmp_path / "x").read_text() == "another's"


@pytest.mark.parametrize("name", ["../../evil", "a//b", "a/./b", "x" * 300, "a\\b"])
def test_no_object_s_name_leads_out_of_the_target(tmp_path: Path, name: str) -> None:
    found = Found("s3a://published/raw", True, [StoredObject(f"s3a://published/raw/{name}", 1, None)])
    with pytest.raises(ArgumentError, match="no file can be called"):
        plan_download(found, str(tmp_path / "got"), None, overwrite=False)


def test_an_object_beside_a_folder_of_its_name_is_refused(tmp_path: Path) -> None:
    paths = ["s3a://published/raw/a", "s3a://published/raw/a/b"]
    found = Found("s3a://published/raw", True, [StoredObject(path, 1, None) for path in paths])
    with pytest.raises(ArgumentError, match="can't be beside an object `a`"):
        plan_download(found, str(tmp_path / "got"), None, overwrite=False)


def test_an_object_that_is_cut_leaves_nothing(stored: FolderStore, tmp_path: Path) -> None:
    found = Found("s3a://published/raw/a.csv", False, [StoredObject("s3a://published/raw/a.csv", 999, None)])
    with pytest.raises(StorageError, match="8 bytes by now, and had 999"):
        plan_download(found, str(tmp_path / "got"), None, overwrite=False).run()
    assert list(tmp_path.iterdir()) == [stored.root]


def test_nothing_there_names_what_is_near(stored: FolderStore) -> None:
    with pytest.raises(ArgumentError, match="nothing lies at s3a://published/rwa/x") as refused:
        find(place("s3://published/rwa/x"), None)
    assert refused.value.hint == "did you mean `s3a://published/raw`? in s3a://published/ there are: raw"


def test_a_folder_is_listed_and_an_object_alone(stored: FolderStore) -> None:
    found = list_folder(place("s3://published/raw"), None)
    assert sorted((entry.name, entry.size) for entry in found.entries) == [("a.csv", 8), ("sub", None)]
    assert not found.is_cut
    single = list_folder(place("s3://published/raw/a.csv"), None)
    assert (single.folder, [entry.name for entry in single.entries]) == ("s3a://published/raw", ["a.csv"])
    assert list_folder(place("s3://scratch"), None).entries == []


def test_the_head_of_a_text_is_lines_and_of_bytes_a_refusal(stored: FolderStore) -> None:
    assert head(find(place("s3://published/raw"), None), 1, None).lines == ["a,b"]
    with pytest.raises(ArgumentError, match="neither Parquet nor a text"):
        head(find(place("s3://published/raw/sub"), None), 1, None)


def test_the_head_of_two_columns_of_one_name_shows_both(stored: FolderStore) -> None:
    made = BytesIO()
    parquet.write_table(pa.table([[1], ["b"]], names=["a", "a"]), made)
    stored.put("s3a://published/x.parquet", made.getvalue())
    shown = head(find(place("s3://published/x.parquet"), None), 1, None)
    assert list(shown.columns) == ["a", "a (2)"]
    assert shown.cells() == [["1", "b"]]
    assert shown.to_dict()["rows"] == [{"a": 1, "a (2)": "b"}]


def test_a_target_in_a_home_of_no_user_is_refused(stored: FolderStore) -> None:
    with pytest.raises(ArgumentError, match="no home folder of that user"):
        plan_download(find(place("s3://published/raw/a.csv"), None), "~nobodyhere/x", None, overwrite=False)


def test_the_head_of_something_that_is_called_parquet_says_what_it_is(stored: FolderStore) -> None:
    stored.put("s3a://published/x.parquet", b"a,b\n1,2\n")
    with pytest.raises(SparkEtlError, match="no whole Parquet file: it is text"):
        head(find(place("s3://published/x.parquet"), None), 1, None)
