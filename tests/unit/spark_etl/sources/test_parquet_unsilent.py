"""What of Parquet Spark would read otherwise, without a word, or with a message that names nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError, MissingDataError, SchemaDriftError
from spark_etl.schemas.footers import SPARK_SCHEMA_KEY, parquet_schema
from spark_etl.schemas.types import UnnotedSchema
from spark_etl.sources import ParquetSource

DAY = DateRange(date(2024, 2, 29), date(2024, 2, 29))
ID = {"name": "id", "type": "long", "nullable": True, "metadata": {}}
NOTE = {SPARK_SCHEMA_KEY: json.dumps({"type": "struct", "fields": [ID]})}


def written(folder: Path, table: pa.Table, name: str = "a.parquet") -> str:
    parquet.write_table(table, folder / name)
    return str(folder)


@pytest.mark.parametrize(
    ("table", "is_stale"),
    [
        (pa.table({"id": [1]}), False),
        (pa.table({"id": [1], "x": ["a"]}), True),
        (pa.table({"nid": [1]}), True),
        (pa.table({"id": ["a"]}), True),
    ],
)
def test_a_note_of_other_columns_in_the_footer_is_not_believed(tmp_path: Path, table: pa.Table, is_stale: bool) -> None:
    schema = parquet_schema(f"{written(tmp_path, table.replace_schema_metadata(NOTE))}/a.parquet")
    assert list(schema) == table.column_names
    assert isinstance(schema, UnnotedSchema) is is_stale


def test_a_declared_column_that_a_file_lacks_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path, pa.table({"id": [1], "name": ["a"]}))
    assert ParquetSource(str(tmp_path), schema="ID bigint, name string").inputs(DAY)
    assert not caplog.records
    assert ParquetSource(str(tmp_path), schema="id bigint, nmae string").inputs(DAY)
    (record,) = caplog.records
    assert "`nmae` of its schema is missing in a.parquet: it is NULL there. Did you mean `name`?" in record.getMessage()


@pytest.mark.parametrize(
    ("values", "schema", "message"),
    [
        (pa.array([1 << 40]), "x int", "column `x` is bigint, and int in the schema"),
        (pa.array([1], pa.uint64()), "x bigint", "column `x` is decimal(20,0), and bigint in the schema"),
        (pa.array([1], pa.int32()), "x bigint", None),
    ],
)
def test_a_declared_type_that_spark_can_not_read_is_found(
    tmp_path: Path, values: pa.Array, schema: str, message: str | None
) -> None:
    source = ParquetSource(written(tmp_path, pa.table({"x": values})), schema=schema)
    fault = source.find_fault(f"{tmp_path}/a.parquet")
    assert message in fault.message if fault and message else fault is message


def test_a_file_without_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"a\.parquet has no columns"):
        ParquetSource(written(tmp_path, pa.table({}))).inputs(DAY)


def test_nanoseconds_with_a_schema_are_advised_as_what_is_stored(tmp_path: Path) -> None:
    nanos = pa.table({"at": pa.array([1], pa.timestamp("ns"))})
    with pytest.raises(SchemaDriftError) as refused:
        ParquetSource(written(tmp_path, nanos), schema="at timestamp").inputs(DAY)
    assert '"at bigint" reads what is stored' in str(refused.value.hint)


def test_a_list_is_no_way_to_convert() -> None:
    with pytest.raises(ConfigError, match="no way to convert"):
        ParquetSource("/lake", convert=["at"])  # type: ignore[arg-type]
