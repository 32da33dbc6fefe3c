from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError, MissingDataError, SchemaDriftError
from spark_etl.sources import CsvSource, ParquetSource, S3PublishedSource

FIRST, SECOND = date(2024, 2, 28), date(2024, 2, 29)
BOTH = DateRange(FIRST, SECOND)
IDS = pa.array([1, 2])
TEXT = pa.array(["x", "y"])
MOMENT = [datetime(2024, 2, 29, 12)] * 2
Publish = Callable[..., S3PublishedSource]


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Publishes two days, each with its columns, and returns their source."""

    def publish(first: dict[str, Any], second: dict[str, Any], **options: Any) -> S3PublishedSource:
        for day, columns in ((FIRST, first), (SECOND, second)):
            folder = tmp_path / "orders" / f"_dt={day}"
            folder.mkdir(parents=True)
            parquet.write_table(pa.table(columns), folder / "part-0.parquet")
        return S3PublishedSource(str(tmp_path), "orders", **options)

    return publish


def ints(kind: pa.DataType) -> pa.Array:
    return pa.array([1, 2], kind)


DRIFTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"id": IDS}, {"id": IDS, "extra": TEXT}, "`extra`: missing in 2024-02-28, string in 2024-02-29"),
    ({"id": IDS, "extra": TEXT}, {"id": IDS}, "`extra`: string in 2024-02-28, missing in 2024-02-29"),
    ({"id": ints(pa.int32())}, {"id": IDS}, "`id`: int in 2024-02-28, bigint in 2024-02-29"),
    ({"a": ints(pa.float32())}, {"a": ints(pa.float64())}, "`a`: float in 2024-02-28, double in 2024-02-29"),
    (
        {"s": pa.array([{"x": 1}] * 2)},
        {"s": pa.array([{"x": 1, "y": "new"}] * 2)},
        "`s.y`: missing in 2024-02-28, string in 2024-02-29",
    ),
    (
        {"s": pa.array([[{"x": 1}]] * 2)},
        {"s": pa.array([[{"x": 1, "y": 2}]] * 2)},
        "`s.elementType.y`: missing in 2024-02-28, bigint in 2024-02-29",
    ),
    (
        {"p": pa.array([Decimal("1.25")] * 2, pa.decimal128(10, 2))},
        {"p": pa.array([Decimal("1.2534")] * 2, pa.decimal128(12, 4))},
        "`p`: decimal(10,2) in 2024-02-28, decimal(12,4) in 2024-02-29",
    ),
]
# No type holds the values of both days.
APART: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"d": pa.array([FIRST] * 2)}, {"d": TEXT}, "`d`: date in 2024-02-28, string in 2024-02-29"),
    ({"n": IDS}, {"n": pa.array([1.5, None])}, "`n`: bigint in 2024-02-28, double in 2024-02-29"),
    (
        {"ts": pa.array(MOMENT, pa.timestamp("us"))},
        {"ts": pa.array(MOMENT, pa.timestamp("us", "UTC"))},
        "`ts`: timestamp_ntz in 2024-02-28, timestamp in 2024-02-29",
    ),
    ({"s": pa.array([{"x": 1}] * 2)}, {"s": TEXT}, "`s`: struct<x> in 2024-02-28, string in 2024-02-29"),
]
SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"id": IDS, "a": TEXT}, {"a": TEXT, "id": IDS}),
    ({"Amount": IDS}, {"amount": IDS}),
    ({"note": pa.nulls(2)}, {"note": TEXT}),
    ({"note": TEXT}, {"note": pa.nulls(2)}),
    ({"s": pa.array([{"x": 1, "y": None}] * 2)}, {"s": pa.array([{"y": "a", "x": 1}] * 2)}),
    ({"t": TEXT}, {"t": TEXT.dictionary_encode()}),
    ({"n": IDS}, {"n": IDS.cast(pa.duration("us"))}),
    ({"id": IDS}, {"id": IDS, "_dt": TEXT}),
    ({"id": IDS, "_DT": pa.array([FIRST] * 2)}, {"id": IDS, "_DT": TEXT}),
    ({"ts": pa.array(MOMENT, pa.timestamp("us", "UTC"))}, {"ts": pa.array(MOMENT, pa.timestamp("ms", "UTC"))}),
]


@pytest.mark.parametrize(("first", "second", "expected"), [*DRIFTS, *APART])
def test_days_with_other_columns_are_refused(publish: Publish, first: Any, second: Any, expected: str) -> None:
    with pytest.raises(SchemaDriftError) as caught:
        publish(first, second).inputs(BOTH)

    assert expected in caught.value.message
    assert "orders" in caught.value.message
    assert ('schema="union"' in str(caught.value.hint)) is ((first, second, expected) in DRIFTS)


@pytest.mark.parametrize(("first", "second", "expected"), DRIFTS)
def test_a_union_takes_them(publish: Publish, first: Any, second: Any, expected: str) -> None:
    assert len(publish(first, second, schema="union").inputs(BOTH)) == 2


@pytest.mark.parametrize(("first", "second", "expected"), APART)
def test_a_union_loses_no_value(publish: Publish, first: Any, second: Any, expected: str) -> None:
    with pytest.raises(SchemaDriftError, match="no type holds all values") as caught:
        publish(first, second, schema="union").inputs(BOTH)

    assert expected in caught.value.message


@pytest.mark.parametrize(("first", "second"), SAME)
def test_what_makes_no_difference_of_the_values_is_none(publish: Publish, first: Any, second: Any) -> None:
    assert len(publish(first, second).inputs(BOTH)) == 2


def test_a_column_that_is_not_selected_does_not_matter(publish: Publish) -> None:
    assert publish({"id": IDS}, {"id": IDS, "extra": TEXT}, select_cols=["ID"]).inputs(BOTH)


def test_each_day_alone_is_read(publish: Publish) -> None:
    assert publish({"id": IDS}, {"id": TEXT}).inputs(DateRange(SECOND, SECOND))


def test_a_file_that_differs_is_named_where_there_are_no_days(tmp_path: Path) -> None:
    for name, columns in (("a", {"id": IDS}), ("b", {"id": TEXT}), ("c", {"id": IDS})):
        parquet.write_table(pa.table(columns), tmp_path / f"{name}.parquet")

    with pytest.raises(SchemaDriftError, match=r"`id`: bigint in a\.parquet, c\.parquet, string in b\.parquet"):
        ParquetSource(str(tmp_path)).inputs(BOTH)
    assert ParquetSource(str(tmp_path), schema="id string").inputs(BOTH), "the project says what is right"


def test_several_paths_are_one_source(tmp_path: Path) -> None:
    for name, columns in (("a", {"id": IDS}), ("b", {"id": IDS, "more": IDS})):
        parquet.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    paths = [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]

    with pytest.raises(SchemaDriftError, match="`more`"):
        ParquetSource(paths).inputs(BOTH)
    assert ParquetSource(paths, options={"MergeSchema": True}).inputs(BOTH), "Spark's word for a union"


@pytest.mark.parametrize("content", [b"", b"PAR1 broken off", b"a,b\n1,2\n"])
def test_a_file_that_is_no_parquet_is_named(tmp_path: Path, content: bytes) -> None:
    parquet.write_table(pa.table({"id": IDS}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(content)

    with pytest.raises(MissingDataError, match=r"b\.parquet is no whole Parquet file"):
        ParquetSource(str(tmp_path)).inputs(BOTH)
    assert ParquetSource(str(tmp_path), options={"ignoreCorruptFiles": True}).inputs(BOTH)


@pytest.mark.parametrize(
    ("first", "second", "options"),
    [
        (b"id,a\n1,2\n", b"id,a,b\n1,2,3\n", {}),
        (b"id;a\n1;2\n", b"id;a;b\n1;2;3\n", {"sep": ";"}),
        (b"id\ta\n1\t2\n", b"id\ta\tb\n1\t2\t3\n", {"sep": "\\t"}),
        (b"\xef\xbb\xbfid,a\n", b'# no header\n\n"id","a","b"\n', {"comment": "#"}),
        (gzip.compress(b"id,a\n1,2\n"), bz2.compress(b"id,a,b\n1,2,3\n"), {}),
        ("id,a\n".encode("utf-16"), "id,a,b\n".encode("utf-16"), {"encoding": "utf-16", "multiLine": True}),
    ],
)
def test_the_header_of_a_csv_file_tells_its_columns(
    tmp_path: Path, first: bytes, second: bytes, options: dict[str, Any]
) -> None:
    packed = first[:2] == b"\x1f\x8b"
    (tmp_path / ("2024-02-28.csv.gz" if packed else "2024-02-28.csv")).write_bytes(first)
    (tmp_path / ("2024-02-29.csv.bz2" if packed else "2024-02-29.csv")).write_bytes(second)
    path = f"{tmp_path}/{{date}}.csv*"

    with pytest.raises(SchemaDriftError, match="`b`: missing in 2024-02-28, string in 2024-02-29"):
        CsvSource(path, options=options).inputs(BOTH)
    assert CsvSource(path, options=options, schema="union").inputs(BOTH)
    assert CsvSource(path, options={**options, "header": False}).inputs(BOTH), "without a header there is none"


def test_two_files_of_a_day_that_differ_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "orders" / f"_dt={FIRST}"
    folder.mkdir(parents=True)
    for name, columns in (("a", {"id": IDS}), ("b", {"id": TEXT})):
        parquet.write_table(pa.table(columns), folder / f"{name}.parquet")

    expected = r"`id`: bigint in 2024-02-28 \(a\.parquet\), string in 2024-02-28 \(b\.parquet\)"
    with pytest.raises(SchemaDriftError, match=expected):
        S3PublishedSource(str(tmp_path), "orders").inputs(DateRange(FIRST, FIRST))


def test_headers_that_spark_looks_at_otherwise_are_left_to_it(tmp_path: Path) -> None:
    for name, text in (("a", "id,amount\n1,9\n"), ("b", "amount,id\n10,2\n")):
        (tmp_path / f"{name}.csv").write_text(text)
    source = CsvSource(str(tmp_path), options={"inferSchema": True})

    assert source.inputs(BOTH)
    assert not source._found[BOTH]._by_types


def test_a_byte_order_mark_is_no_letter_of_a_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfid,a\n")
    (tmp_path / "b.csv").write_bytes(b"id,a\n")

    assert CsvSource(str(tmp_path), options={"encoding": "UTF-8"}).inputs(BOTH)


def test_a_header_that_is_longer_than_the_first_look_is_seen_whole(tmp_path: Path) -> None:
    columns = [f"column_{number:05}" for number in range(3000)]
    (tmp_path / "a.csv").write_text(",".join(columns) + "\n")
    (tmp_path / "b.csv").write_text(",".join([*columns, "more"]) + "\n")

    with pytest.raises(SchemaDriftError, match=r"`more`: missing in a\.csv"):
        CsvSource(str(tmp_path)).inputs(BOTH)


def test_files_that_can_not_be_told_are_read_as_the_others(tmp_path: Path) -> None:
    for folder, name, content in (("x", "a.csv", b"id\n"), ("y", "b.csv", b"id,m\n"), ("z", "c.csv.zst", b"packed")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(content)
    source = CsvSource([f"{tmp_path}/x/a.csv", f"{tmp_path}/y/b.csv", f"{tmp_path}/z/c.csv.zst"], schema="union")

    source.inputs(BOTH)

    assert [group.own for group in source._found[BOTH]._groups] == [
        {"id": "string"},
        {"id": "string", "m": "string"},
        {"id": "string"},
    ]


def test_types_that_are_guessed_file_by_file_are_no_union(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")

    with pytest.raises(ConfigError, match="inferSchema"):
        CsvSource(str(tmp_path), schema="union", options={"inferSchema": "true"}).inputs(BOTH)


def test_of_published_days_only_a_union_can_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="id bigint"):
        S3PublishedSource(str(tmp_path), "orders", schema="id bigint")
    assert repr(S3PublishedSource("s3a://p", "o", schema="union")) == "S3PublishedSource('s3a://p/o', schema='union')"
