"""What `sandbox data put --as-snapshot` makes of files is what Spark reads, value by value."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.dates import DateRange
from spark_etl.snapshots import check_place, convert, publish_snapshot, read_options, snapshot_place
from spark_etl.sources import S3PublishedSource
from spark_etl.transfer import local_files

from tests.spark.support import SharedSpark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = date(2024, 2, 29)
CSV = 'id;amount;when;at;zip;note\n1;2,50;29.02.2024;2024-02-29T10:00:00Z;00123;"a\nb"\n2;;01.03.2024;;10000;n/a\n'
ODD = {
    "half": pa.array(np.array([1.5, -2.0], dtype=np.float16)),
    "time": pa.array([43_200_000_001, None], pa.time64("us")),
    "large": pa.array([2**64 - 1, 0], pa.uint64()),
    "nanos": pa.array([1_709_200_000_123_456_000, None], pa.timestamp("ns")),
    "moment": pa.array([1_709_200_000_000_000_000, 0], pa.timestamp("ns", tz="UTC")),
    "inner": pa.array([{"time": 1, "n": 2**32 - 1}, None], pa.struct({"time": pa.time64("us"), "n": pa.uint32()})),
    "order id": pa.array(["a", "b"]),
}


@pytest.fixture
def session(shared_spark: SharedSpark) -> SparkSession:
    return shared_spark.start()


def publish(path: Path, base: Path, **options: object) -> S3PublishedSource:
    """Returns the source of a snapshot that was made of a file."""
    place = snapshot_place(f"file://{base}", "mine", "_dt", DAY)
    (base.parent / "made").mkdir(exist_ok=True)
    made = convert(local_files(str(path)), read_options(**options), "_dt", base.parent / "made")  # type: ignore[arg-type]
    publish_snapshot(made, place, check_place(place, None, overwrite=False), None, lambda _: None)
    source = S3PublishedSource(str(base), "mine")
    assert made.rows == 2
    return source


def test_a_csv_is_read_as_it_was_shown(session: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    source = publish(
        tmp_path / "a.csv",
        tmp_path / "published",
        decimal=",",
        types=["amount=decimal(12,2)", "id=int"],
        date_format="%d.%m.%Y",
        nulls=["n/a"],
    )
    frame = source.read(session, DateRange(DAY, DAY))
    assert frame.dtypes == [
        ("id", "int"),
        ("amount", "decimal(12,2)"),
        ("when", "date"),
        ("at", "timestamp"),
        ("zip", "string"),
        ("note", "string"),
        ("_dt", "date"),
    ]
    first, second = frame.orderBy("id").collect()
    assert first[:3] == (1, Decimal("2.50"), DAY)
    assert (first["zip"], first["note"]) == ("00123", "a\nb")
    assert (second["amount"], second["at"], second["note"]) == (None, None, None)
    assert frame.selectExpr("unix_seconds(at)").first()[0] == 1_709_200_800


def test_what_spark_lacks_is_read_as_what_it_became(session: SparkSession, tmp_path: Path) -> None:
    parquet.write_table(pa.table(ODD), tmp_path / "a.parquet")
    frame = publish(tmp_path / "a.parquet", tmp_path / "published").read(session, DateRange(DAY, DAY))
    types = dict(frame.dtypes)
    assert {types[name] for name in ("half", "time", "large")} == {"float", "string", "decimal(20,0)"}
    assert (types["nanos"], types["moment"]) == ("timestamp_ntz", "timestamp")
    row = frame.orderBy("`order id`").first()
    assert row is not None
    assert (row["half"], row["time"], row["large"]) == (1.5, "12:00:00.000001", Decimal(2**64 - 1))
    assert row["nanos"] == datetime(2024, 2, 29, 9, 46, 40, 123456)
    assert (row["inner"]["time"], row["inner"]["n"]) == ("00:00:00.000001", 2**32 - 1)
