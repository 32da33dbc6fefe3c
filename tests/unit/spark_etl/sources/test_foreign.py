from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError, SchemaDriftError
from spark_etl.schemas.footers import parquet_schema
from spark_etl.sources import ParquetSource

DAY = DateRange(date(2024, 2, 29), date(2024, 2, 29))
NANOS = pa.timestamp("ns")
FOREIGN = [
    (pa.array([1], NANOS), "`v`: timestamp[ns]", "microseconds"),
    (pa.array([1], pa.timestamp("ns", "UTC")), "`v`: timestamp[ns, tz=UTC]", 'convert="truncate"'),
    (pa.array([1.5], pa.float16()), "`v`: float16", "as float"),
    (pa.array([time(12)], pa.time64("us")), "`v`: time64[us]", "as a text"),
    (pa.array([time(12)], pa.time32("ms")), "`v`: time32[ms]", "as a text"),
    (pa.array([Decimal(1)], pa.decimal256(50, 10)), "`v`: decimal(50,10)", "38 digits"),
    (pa.array([Decimal(1)], pa.decimal256(76, 50)), "`v`: decimal(76,50)", '"double"'),
    (pa.array([bytes(16)], pa.uuid()), "`v`: uuid", "as a text"),
    (pa.array([[{"at": 1}]], pa.list_(pa.struct([("at", NANOS)]))), "`v.elementType.at`: timestamp[ns]", "convert"),
]
# What Spark reads as it is.
KNOWN = [
    pa.array([1], pa.uint64()),
    pa.array(["a"]).dictionary_encode(),
    pa.array([b"abcd"], pa.binary(4)),
    pa.array([1], pa.duration("ns")),
    pa.array([1], pa.timestamp("s")),
    pa.array([date(2024, 2, 29)], pa.date64()),
    pa.array([Decimal("1.5")], pa.decimal256(20, 2)),
    pa.nulls(1),
    pa.array(["{}"], pa.json_()),
    pa.array([[1]], pa.list_view(pa.int64())),
]


def write(folder: Path, columns: dict[str, Any], name: str = "x") -> str:
    parquet.write_table(pa.table(columns), folder / f"{name}.parquet")
    return str(folder)


@pytest.mark.parametrize(("column", "expected", "advice"), FOREIGN)
def test_a_type_that_spark_lacks_is_named_with_file_and_remedy(
    tmp_path: Path, column: pa.Array, expected: str, advice: str
) -> None:
    path = write(tmp_path, {"id": [1], "v": column})

    with pytest.raises(SchemaDriftError) as caught:
        ParquetSource(path).inputs(DAY)

    assert f"{expected} in file://{path}/x.parquet" in caught.value.message
    assert advice in str(caught.value.hint)
    assert ParquetSource(path, select_cols=["id"]).inputs(DAY)
    assert ParquetSource(path, convert={"v": "double"} if "double" in advice else True).inputs(DAY)


@pytest.mark.parametrize("column", KNOWN)
def test_a_type_that_spark_has_is_no_matter(tmp_path: Path, column: pa.Array) -> None:
    assert ParquetSource(write(tmp_path, {"v": column})).inputs(DAY)


def test_a_conversion_makes_files_the_same(tmp_path: Path) -> None:
    write(tmp_path, {"at": pa.array([1], NANOS)})
    path = write(tmp_path, {"at": pa.array([1], pa.timestamp("us"))}, "y")

    assert ParquetSource(path, convert={"at": "truncate"}).inputs(DAY)
    with pytest.raises(SchemaDriftError, match=r"`at`: bigint in x\.parquet, timestamp_ntz in y\.parquet"):
        ParquetSource(path, convert={"at": "bigint"}).inputs(DAY)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"convert": {"at_": True}}, "no column `at_` to convert. Did you mean `at`"),
        ({"convert": {"at": "double"}}, "has no conversion 'double'"),
        ({"convert": "yes"}, "'yes' is unknown"),
        ({"convert": True, "schema": "at timestamp"}, "`convert` goes by the types of the files"),
    ],
)
def test_a_conversion_that_there_is_not_is_refused(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    path = write(tmp_path, {"at": pa.array([1], NANOS)})

    with pytest.raises(ConfigError, match=expected):
        ParquetSource(path, **options).inputs(DAY)


def test_a_declared_type_may_be_the_number_behind(tmp_path: Path) -> None:
    path = write(tmp_path, {"at": pa.array([1], NANOS)})

    assert ParquetSource(path, schema="at bigint").inputs(DAY)
    with pytest.raises(SchemaDriftError, match=r"`at`: timestamp\[ns\]"):
        ParquetSource(path, schema="at timestamp_ntz").inputs(DAY)


def test_columns_that_spark_can_not_tell_apart_are_named(tmp_path: Path) -> None:
    table = pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["id", "ID", "v"])
    parquet.write_table(table, tmp_path / "x.parquet")

    with pytest.raises(SchemaDriftError, match="`id` and `ID`"):
        ParquetSource(str(tmp_path)).inputs(DAY)
    assert ParquetSource(str(tmp_path), select_cols=["v"]).inputs(DAY)


def test_the_conversion_is_part_of_what_a_source_is() -> None:
    assert repr(ParquetSource("a", convert=True)) == "ParquetSource('a', convert=True)"
    assert repr(ParquetSource("a")) == "ParquetSource('a')"


def test_a_schema_that_spark_has_noted_badly_is_left_alone(tmp_path: Path) -> None:
    noted = {"org.apache.spark.sql.parquet.row.metadata": '{"fields": 1}'}
    path = write(tmp_path, {"id": [1]})
    parquet.write_table(pa.table({"id": [1]}).replace_schema_metadata(noted), tmp_path / "x.parquet")

    assert parquet_schema(f"file://{path}/x.parquet") == {"id": "long"}
