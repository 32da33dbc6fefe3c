from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.dates import DateRange
from spark_etl.errors import MissingDataError
from spark_etl.sources import S3PublishedSource

THREE_DAYS = DateRange(date(2024, 2, 28), date(2024, 3, 1))


@pytest.fixture
def source(tmp_path: Path) -> S3PublishedSource:
    return S3PublishedSource(base_s3_path=str(tmp_path / "published"), source_schema_id="orders")


def publish(source: S3PublishedSource, *days: str, name: str = "part-0.parquet") -> None:
    for day in days:
        folder = Path(source.base_s3_path, source.source_schema_id, f"{source.date_col}={day}")
        folder.mkdir(parents=True)
        parquet.write_table(pa.table({"id": [1]}), folder / name)
        (folder / "_SUCCESS").write_bytes(b"")


def test_the_snapshots_of_all_days_are_its_inputs(source: S3PublishedSource) -> None:
    publish(source, "2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02")
    inputs = source.inputs(THREE_DAYS)
    assert [item.path.rsplit("=", 1)[1] for item in inputs] == [
        f"{day}/part-0.parquet" for day in ("2024-02-28", "2024-02-29", "2024-03-01")
    ]
    assert all(item.etag and item.bytes > 4 for item in inputs)


def test_missing_days_are_named_with_what_there_is(source: S3PublishedSource) -> None:
    publish(source, "2024-02-27", "2024-02-28")
    with pytest.raises(MissingDataError, match=r"orders for 2024-02-29, 2024-03-01 \(2 of 3 days missing") as caught:
        source.inputs(THREE_DAYS)
    assert caught.value.hint == "published there: 2024-02-27 … 2024-02-28 (2 days)"


def test_a_folder_without_parquet_is_a_missing_day(source: S3PublishedSource) -> None:
    publish(source, "2024-02-28", "2024-02-29")
    publish(source, "2024-03-01", name="part-0.parquet.tmp")
    with pytest.raises(MissingDataError, match="for 2024-03-01"):
        source.inputs(THREE_DAYS)


@pytest.mark.parametrize("folder", ["_publishing-20240301T000000-abc", "_temporary/0", ".part"])
def test_what_a_run_is_still_writing_there_is_no_snapshot(source: S3PublishedSource, folder: str) -> None:
    publish(source, "2024-02-28", "2024-02-29")
    hidden = Path(source.base_s3_path, "orders", "_dt=2024-03-01", folder)
    hidden.mkdir(parents=True)
    (hidden / "part-0.parquet").write_bytes(b"PAR1")
    with pytest.raises(MissingDataError, match="for 2024-03-01") as caught:
        source.inputs(THREE_DAYS)
    assert str(caught.value.hint).endswith("published there: 2024-02-28 … 2024-02-29 (2 days)")
    assert "has not finished" in str(caught.value.hint)


def test_nothing_at_all_asks_for_the_path(source: S3PublishedSource) -> None:
    with pytest.raises(MissingDataError) as caught:
        source.inputs(THREE_DAYS)
    assert "is the path right?" in str(caught.value.hint)


def test_another_date_column_names_the_folders(tmp_path: Path) -> None:
    source = S3PublishedSource("s3a://published/", "orders", date_col="day")
    assert source.folder(date(2024, 2, 29)) == "s3a://published/orders/day=2024-02-29"
