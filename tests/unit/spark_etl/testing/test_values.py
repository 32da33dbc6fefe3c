"""Rows as tests write them: nothing is dropped, cut, or taken by its place where it has a name."""

from __future__ import annotations

from collections import namedtuple
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from spark_etl.errors import ArgumentError
from spark_etl.testing import assert_frames_equal
from spark_etl.testing.tables import as_table, filled, refuse_unknown

STRUCT = pa.struct([("amount", pa.int64())])
AN_HOUR = 3600 * 10**6
Named = namedtuple("Named", "b a")


class Row(tuple):
    """A row of pyspark, which is not here: a tuple whose instance knows its names."""

    __fields__: list[str]


def spark_row(**values: Any) -> Row:
    row = Row(values.values())
    row.__fields__ = list(values)
    return row


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (STRUCT, {"amount": 1, "amuont": 2}),
        (STRUCT, {"amuont": 2}),
        (STRUCT, spark_row(amuont=2)),
        (pa.list_(STRUCT), [{"amount": 1}, {"amuont": 2}]),
        (pa.map_(pa.string(), STRUCT), {"x": {"amuont": 2}}),
        (pa.struct([("inner", STRUCT)]), {"inner": {"amuont": 2}}),
    ],
)
def test_an_unknown_field_is_refused_at_any_depth(kind: pa.DataType, value: Any) -> None:
    schema = pa.schema([("s", kind)])
    with pytest.raises(ArgumentError, match=r"rows: column `s`: unknown field `amuont`\. Did you mean `amount`"):
        as_table([{"s": value}], "rows", schema)
    table = as_table([{"s": value}], "rows") if not pa.types.is_map(kind) else None
    if table is not None:
        with pytest.raises(ArgumentError, match="unknown field `amuont`"):
            refuse_unknown(table, schema, "rows")


def test_a_field_that_is_missing_is_null_and_a_tuple_has_the_order_of_the_fields() -> None:
    kind = pa.struct([("a", pa.int64()), ("day", pa.date32())])
    table = as_table([{"s": {"a": 1}}, {"s": (2, "2024-02-29")}, {"s": None}], "rows", pa.schema([("s", kind)]))
    assert table["s"].to_pylist() == [{"a": 1, "day": None}, {"a": 2, "day": date(2024, 2, 29)}, None]
    with pytest.raises(ArgumentError, match="has 1 values, the struct has a, day"):
        as_table([{"s": (2,)}], "rows", table.schema)


@pytest.mark.parametrize("row", [Named(b=1, a=2), spark_row(b=1, a=2)])
def test_the_names_of_a_row_count_not_its_order(row: Any) -> None:
    with pytest.raises(AssertionError, match="the frames differ"):
        assert_frames_equal(pa.table({"a": [1], "b": [2]}), [row])
    assert_frames_equal(pa.table({"a": [2], "b": [1]}), [row])
    assert as_table([{"s": row, "l": [row]}], "rows").to_pylist() == [{"s": {"b": 1, "a": 2}, "l": [{"b": 1, "a": 2}]}]


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (pa.date32(), datetime(2024, 2, 29, 13, tzinfo=None), "has a time of day"),
        (pa.timestamp("us"), "2024-02-29T12:00:00+02:00", "has a time zone, timestamp_ntz has none"),
        (pa.timestamp("us"), datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=2))), "has a time zone"),
        (pa.list_(pa.timestamp("us")), [datetime(2024, 2, 29, tzinfo=UTC)], "has a time zone"),
    ],
)
def test_no_time_and_no_zone_is_cut_off(kind: pa.DataType, value: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        as_table([{"a": value}], "rows", pa.schema([("a", kind)]))


def test_null_and_nan_in_columns_that_can_not_have_them_are_named() -> None:
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False)])
    with pytest.raises(ArgumentError, match="column `id` is not null, but has 1 NULL"):
        filled(pa.table({"id": [1, None]}), schema, "rows")
    with pytest.raises(ArgumentError, match="column `id` is not null, but has 2 NULL"):
        filled(pa.table({"a": [1, 2]}), schema, "rows")
    with pytest.raises(ArgumentError, match="column `id` can't be read as int64") as raised:
        filled(as_table(pd.DataFrame({"id": [1, None]}), "rows"), schema, "rows")
    assert "convert_dtypes" in str(raised.value.hint)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"k": [1, 2], "v": [1, 2]}).groupby("k").sum(),
        pd.DataFrame({"v": [1, 2]}, index=["x", "y"]),
        pd.DataFrame({"v": [1, 2]}, index=[3, 4]),
        pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)])),
    ],
)
def test_an_index_of_pandas_is_not_thrown_away(frame: pd.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="an index of its own") as raised:
        as_table(frame, "rows")
    assert "reset_index()" in str(raised.value.hint)
    assert as_table(frame.reset_index(), "rows").num_columns > 1


def test_nan_of_pandas_is_nan_where_the_column_is_of_floats() -> None:
    frame = pd.DataFrame({"f": [1.5, float("nan")], "s": ["x", None], "n": pd.array([1, None], "Int64")})
    assert as_table(frame, "rows").to_pydict()["f"][0] == 1.5
    assert [column.null_count for column in as_table(frame, "rows").columns] == [0, 1, 1]
    assert as_table(frame.convert_dtypes(), "rows")["f"].to_pylist() == [1.5, None]
    nan = pd.DataFrame({"a": [float("nan")]})
    assert_frames_equal(pa.table({"a": [float("nan")]}), nan)
    with pytest.raises(AssertionError, match="NULL"):
        assert_frames_equal(pa.table({"a": pa.array([None], pa.float64())}), nan)


def test_timestamps_and_decimals_of_pandas_have_the_types_of_what_the_test_got() -> None:
    kinds = {"at": pa.timestamp("us", "UTC"), "local": pa.timestamp("us"), "price": pa.decimal128(12, 2)}
    moment = datetime(2024, 2, 29, 10)
    actual = pa.table({"at": [moment], "local": [moment], "price": [Decimal("1.50")]}, pa.schema(kinds))
    frame = pd.DataFrame({"at": pd.to_datetime(["2024-02-29 10:00"]).tz_localize("UTC").tz_convert("Europe/Berlin")})
    frame = frame.assign(local=pd.to_datetime(["2024-02-29 10:00"]).astype("datetime64[ns]"), price=[Decimal("1.50")])
    assert_frames_equal(actual, frame)
    assert as_table(frame, "rows").schema.field("local").type == pa.timestamp("us")
    with pytest.raises(ArgumentError, match="`local` can't be read: it has a time zone"):
        assert_frames_equal(actual, frame.assign(local=frame["at"]))


def test_a_column_of_pandas_without_one_type_is_named() -> None:
    with pytest.raises(ArgumentError, match="rows: column `a` can't be read"):
        as_table(pd.DataFrame({"a": ["x", 1]}), "rows")
    with pytest.raises(ArgumentError, match="2 columns are called `a`"):
        as_table(pd.DataFrame([[1, 2]], columns=["a", "a"]), "rows")


def test_two_hours_of_one_name_at_the_end_of_summer_time_differ() -> None:
    def at(micros: int) -> pa.Table:
        column = pa.array([micros, 0], pa.timestamp("us", "Europe/Berlin"))
        return pa.table({"k": [1, 2], "t": column, "d": column.dictionary_encode()})

    first = int(datetime(2024, 10, 27, 0, 30, tzinfo=UTC).timestamp()) * 10**6
    assert_frames_equal(at(first), at(first))
    with pytest.raises(AssertionError, match="the frames differ"):
        assert_frames_equal(at(first), at(first + AN_HOUR))
    with pytest.raises(AssertionError, match="the frames differ"):
        assert_frames_equal(at(first).select(["d"]), at(first + AN_HOUR).select(["d"]))


def test_frames_that_can_not_be_compared_are_refused_in_words() -> None:
    twice = pa.table([[1], [2]], names=["a", "a"])
    with pytest.raises(ArgumentError, match="what the test got: 2 columns are called `a`"):
        assert_frames_equal(twice, twice)
    months = [pa.table({"m": pa.array([(1, 2, n)], pa.month_day_nano_interval())}) for n in (3, 4)]
    assert_frames_equal(months[0], months[0])
    with pytest.raises(ArgumentError, match="`m` month_day_nano_interval"):
        assert_frames_equal(*months)


def test_frames_without_columns_differ_by_their_rows() -> None:
    two, three = (pa.table({"a": list(range(count))}).select([]) for count in (2, 3))
    assert_frames_equal(two, two)
    with pytest.raises(AssertionError, match="1 only in B"):
        assert_frames_equal(two, three)
    with pytest.raises(AssertionError, match="`a` bigint"):
        assert_frames_equal(two, pa.table({"a": [1, 2]}))
    with pytest.raises(AssertionError, match="`a` bigint"):
        assert_frames_equal(pa.table({"a": [1, 2]}), two)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"keys": "nope"}, "neither side has a column `nope`"), ({"tolerance": -1}, "the tolerance -1 is no number of 0")],
)
def test_keys_and_tolerance_are_checked_though_the_frames_are_equal(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        assert_frames_equal([{"k": 1}], [{"k": 1}], **options)
