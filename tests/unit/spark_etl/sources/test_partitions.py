from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.dates import DateRange
from spark_etl.errors import SchemaDriftError
from spark_etl.sources import CsvSource, ParquetSource
from spark_etl.sources.folder_values import declared_types, does_fit
from spark_etl.sources.partitions import folder_columns
from spark_etl.storage.paths import folder_column

DAY = DateRange(date(2024, 2, 29), date(2024, 2, 29))


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("code=007", ("code", "007")),
        ("sku=1e3", ("sku", "1e3")),
        ("p=a=b", ("p", "a=b")),
        ("p=a%2Fb", ("p", "a/b")),
        ("city=Z%C3%BCrich", ("city", "Zürich")),
        ("city=Z%FCrich", ("city", "Zürich")),
        ("p=50%25", ("p", "50%")),
        ("p=100%", ("p", "100%")),
        ("p=__HIVE_DEFAULT_PARTITION__", ("p", None)),
        ("gr%C3%B6%C3%9Fe=1", ("größe", "1")),
        ("sub", None),
    ],
)
def test_a_folder_is_a_column_of_text(folder: str, expected: tuple[str, str | None] | None) -> None:
    assert folder_column(folder) == expected


def test_what_spark_reads_otherwise_is_known() -> None:
    found = folder_columns("file:///lake/a=1/sub/b=%C3%BC/c=2/x.parquet", "file:///lake")

    assert found.values == {"a": "1", "b": "ü", "c": "2"}
    assert found.misread == {"Ã¼": "ü"}
    assert (found.layout.root, found.layout.inner) == ("file:///lake/a=1/sub", ("b", "c"))
    assert found.layout.outer == (("a", "1"),)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("p=", "`p=` has no value"), ("=1", "`=1` has no name"), ("p=1/P=2", "`P=2` is the second of this name")],
)
def test_a_folder_that_is_no_column_is_named(folder: str, expected: str) -> None:
    with pytest.raises(SchemaDriftError, match=expected):
        folder_columns(f"file:///lake/{folder}/x.parquet", "file:///lake")


FITS = [
    ("int", ["7", "007", "-0", "+5", "2147483647"], ["1e3", "2f", "2147483648", "1.0", "", "１"]),
    ("tinyint", ["127", "-128"], ["128"]),
    ("decimal(5,2)", ["1", "1e2", "999.99", "1.50"], ["1.555", "1000", "NaN", "1_0", "x"]),
    ("double", ["1.5", "1e3", "NaN", "-Infinity"], ["2f", "1_0", "x", "1e999"]),
    ("boolean", ["true", "FALSE"], ["maybe", "2"]),
    ("date", ["2024-02-29", "2024-2-9"], ["2023-02-29", "20240229", "2024-02-29 10:00:00", "29.02.2024"]),
    ("timestamp", ["2024-02-29", "2024-02-29 10:00:00", "2024-02-29T10:00:00.5Z"], ["2024-02-29 24:00:00", "10:00"]),
    ("string", ["007", ""], []),
    ("varchar(3)", ["abc"], []),
]


@pytest.mark.parametrize(("kind", "fitting", "others"), FITS)
def test_a_value_fits_its_declared_type_or_not(kind: str, fitting: list[str], others: list[str]) -> None:
    assert [value for value in [*fitting, *others] if does_fit(value, kind)] == fitting


def test_the_types_of_a_schema_are_read_without_spark() -> None:
    schema = "id BIGINT NOT NULL, `a,``b`: decimal(10, 2) comment 'x, y int', s struct<x:int,y:array<int>>, Day date"
    assert declared_types(schema) == {"id": "bigint", "a,`b": "decimal(10, 2)", "s": "struct", "Day": "date"}


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    for code in ("007", "1e3"):
        (tmp_path / f"code={code}").mkdir()
        parquet.write_table(pa.table({"id": [1]}), tmp_path / f"code={code}" / "x.parquet")
    return tmp_path


def test_a_value_that_does_not_fit_is_named_with_its_file(lake: Path) -> None:
    with pytest.raises(SchemaDriftError, match=r"`code` is declared as int, and '1e3' is none: .*code=1e3/x\.parquet"):
        ParquetSource(str(lake), schema="id bigint, Code int").inputs(DAY)
    assert ParquetSource(str(lake), schema="id bigint, code string").inputs(DAY)
    assert ParquetSource(str(lake)).inputs(DAY)


def test_a_file_that_lies_beside_such_folders_is_another(lake: Path) -> None:
    parquet.write_table(pa.table({"id": [1]}), lake / "y.parquet")

    with pytest.raises(SchemaDriftError, match=r"`code`: string in code=007/x\.parquet, .*, missing in y\.parquet"):
        ParquetSource(str(lake)).inputs(DAY)
    assert ParquetSource(str(lake), schema="union").inputs(DAY)


def test_a_column_of_files_and_folders_is_said(lake: Path, caplog: pytest.LogCaptureFixture) -> None:
    (lake / "csv/code=1").mkdir(parents=True)
    (lake / "csv/code=1/a.csv").write_text("id,code\n1,x\n")

    assert CsvSource(f"{lake}/csv").inputs(DAY)
    assert "`code` is a column of" in caplog.text
