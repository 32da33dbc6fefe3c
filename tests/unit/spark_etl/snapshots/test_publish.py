"""A snapshot appears whole; what was there stays until then."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from spark_etl.dates import DateRange
from spark_etl.errors import ArgumentError, StorageError
from spark_etl.snapshots import (
    Snapshot,
    SnapshotPlace,
    check_place,
    convert,
    drift_note,
    publish_snapshot,
    read_options,
    snapshot_place,
)
from spark_etl.sources.published import S3PublishedSource
from spark_etl.transfer import local_files

from tests.support.folder_store import FolderStore

DAY = date(2024, 2, 29)
FOLDER = "s3a://published/orders/_dt=2024-02-29"
FILE = f"{FOLDER}/part-00000.parquet"


@pytest.fixture
def place() -> SnapshotPlace:
    return snapshot_place("s3a://published", "orders", "_dt", DAY)


@pytest.fixture
def made(tmp_path: Path) -> Snapshot:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "out").mkdir()
    return convert(local_files(str(tmp_path / "a.csv")), read_options(), "_dt", tmp_path / "out")


def publish(made: Snapshot, place: SnapshotPlace, *, overwrite: bool = False) -> str:
    existing = check_place(place, None, overwrite=overwrite)
    return publish_snapshot(made, place, existing, None, lambda _: None)


def test_it_lies_where_the_source_looks(folder_store: FolderStore, made: Snapshot, place: SnapshotPlace) -> None:
    assert publish(made, place) == FILE
    assert set(folder_store.files()) == {FILE}
    assert place.source == 'S3PublishedSource("s3a://published/", "orders")'
    found = S3PublishedSource("s3a://published/", "orders").inputs(DateRange(DAY, DAY))
    assert [item.path for item in found] == [FILE]


def test_another_one_of_that_day_is_refused(folder_store: FolderStore, made: Snapshot, place: SnapshotPlace) -> None:
    publish(made, place)
    with pytest.raises(ArgumentError, match="a snapshot of orders for 2024-02-29 already") as refused:
        check_place(place, None, overwrite=False)
    assert "--overwrite" in str(refused.value.hint)


def test_one_that_spark_has_written_is_replaced_by_one_file(
    folder_store: FolderStore, made: Snapshot, place: SnapshotPlace
) -> None:
    for name in ("part-1.snappy.parquet", "part-2.snappy.parquet", "_SUCCESS"):
        folder_store.put(f"{FOLDER}/{name}", b"old")
    publish(made, place, overwrite=True)
    assert set(folder_store.files()) == {FILE}


@pytest.mark.parametrize("old", ["part-00000.parquet", "part-1.snappy.parquet"])
def test_what_was_there_stays_if_the_new_one_does_not_come(
    folder_store: FolderStore, made: Snapshot, place: SnapshotPlace, old: str
) -> None:
    folder_store.put(f"{FOLDER}/{old}", b"old")
    folder_store.fail_at, folder_store.error = "part-00000", StorageError("full")
    with pytest.raises(StorageError):
        publish(made, place, overwrite=True)
    assert folder_store.files() == {f"{FOLDER}/{old}": b"old"}


@pytest.mark.parametrize("at", ["", "/_dt=2024-02-29"])
def test_not_while_a_run_publishes_there(folder_store: FolderStore, place: SnapshotPlace, at: str) -> None:
    folder_store.put(f"s3a://published/orders{at}/_publishing.json", b"{}")
    with pytest.raises(ArgumentError, match="a run is publishing"):
        check_place(place, None, overwrite=True)


def test_not_below_an_object(folder_store: FolderStore, place: SnapshotPlace) -> None:
    folder_store.put("s3a://published/orders", b"")
    with pytest.raises(ArgumentError, match="is an object"):
        check_place(place, None, overwrite=False)


def test_other_columns_than_the_newest_day_has_are_said(
    folder_store: FolderStore, made: Snapshot, place: SnapshotPlace, tmp_path: Path
) -> None:
    assert drift_note(made, place, None) is None
    publish(made, place)
    other = snapshot_place("s3a://published", "orders", "_dt", date(2024, 3, 1))
    assert drift_note(made, other, None) is None
    (tmp_path / "b.csv").write_text("x,z\na,2\n")
    changed = convert(local_files(str(tmp_path / "b.csv")), read_options(), "_dt", tmp_path / "out")
    note = drift_note(changed, other, None)
    assert note is not None
    assert "_dt=2024-02-29 has other columns: `x` is bigint there and string here; `z` is missing there" in note


@pytest.mark.parametrize(("schema_id", "date_col"), [("a/b", "_dt"), ("", "_dt"), ("orders", "my col"), ("..", "_dt")])
def test_names_that_are_no_folder(schema_id: str, date_col: str) -> None:
    with pytest.raises(ArgumentError):
        snapshot_place("s3a://published", schema_id, date_col, DAY)
