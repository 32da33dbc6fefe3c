"""What is said where frames differ; Spark's own frames are in tests/spark/test_feature_case.py."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from spark_etl.errors import ArgumentError
from spark_etl.testing import assert_frames_equal


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([{"a": 1, "b": "x"}, {"a": 2, "b": None}], [{"b": None, "a": 2}, {"b": "x", "a": 1}]),
        ([{"a": math.nan}], [{"a": math.nan}]),
        ([{"a": -0.0}], [{"a": 0.0}]),
        ([{"a": [1, 2]}], [{"a": [1, 2]}]),
    ],
)
def test_frames_that_are_equal(actual: Any, expected: Any) -> None:
    assert_frames_equal(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected", "shown"),
    [
        ([{"id": 1, "v": 2}], [{"id": 1, "v": 3}], "id=1: v A 2, B 3"),
        ([{"id": 1}, {"id": 1}], [{"id": 1}], "1 only in A"),
        ([{"id": 1, "v": 2}], [{"id": 1}], "1 column only in A: `v` bigint"),
        ([{"id": 1}], pa.table({"id": pa.array([1], pa.int32())}), "`id` bigint in A, int in B"),
    ],
)
def test_what_differs_is_said_as_diff_says_it(actual: Any, expected: Any, shown: str) -> None:
    with pytest.raises(AssertionError) as raised:
        assert_frames_equal(actual, expected)
    assert shown in str(raised.value)
    assert "A: what the test got" in str(raised.value)


def test_numbers_may_differ_by_a_tolerance() -> None:
    assert_frames_equal([{"id": 1, "v": 1.0}], [{"id": 1, "v": 1.0001}], keys="id", tolerance=0.001)
    with pytest.raises(AssertionError, match=r"v A 1\.0, B 1\.1"):
        assert_frames_equal([{"id": 1, "v": 1.0}], [{"id": 1, "v": 1.1}], keys="id", tolerance=0.001)


def test_expected_rows_have_the_types_of_what_the_test_got() -> None:
    kinds = {"price": pa.decimal128(10, 2), "day": pa.date32(), "at": pa.timestamp("us", "UTC"), "n": pa.int32()}
    moment = datetime(2024, 2, 29, 10, tzinfo=UTC)
    actual = pa.table(
        {"price": [Decimal("1.50")], "day": [date(2024, 2, 29)], "at": [moment], "n": [1]}, pa.schema(kinds)
    )
    assert_frames_equal(actual, [{"price": 1.5, "day": "2024-02-29", "at": "2024-02-29T11:00:00+01:00", "n": 1}])
    assert_frames_equal(actual, [("1.50", date(2024, 2, 29), moment, 1)])
    with pytest.raises(ArgumentError, match="column `n` can't be read as int32"):
        assert_frames_equal(actual, [("1.50", "2024-02-29", moment, "one")])


def test_a_pandas_frame_is_one() -> None:
    assert_frames_equal(pd.DataFrame({"a": [1, 2]}), [(2,), (1,)])


def test_no_rows_are_equal_to_no_rows_of_the_same_columns() -> None:
    empty = pa.table({"a": pa.array([], pa.int64())})
    assert_frames_equal(empty, [])
    with pytest.raises(AssertionError, match="1 only in B"):
        assert_frames_equal(empty, [(1,)])


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(ArgumentError, match="what is expected: a dict is given"):
        assert_frames_equal([{"a": 1}], {"a": 1})
