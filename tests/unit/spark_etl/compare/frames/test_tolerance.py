"""Numbers that may differ by a little."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from spark_etl.compare import compare_rows
from spark_etl.errors import ArgumentError

from tests.unit.spark_etl.compare.frames.conftest import MakeFrame

NEAR: dict[str, tuple[Any, pa.DataType, Any, pa.DataType, float, bool]] = {
    "doubles": (1.0, pa.float64(), 1.005, pa.float64(), 0.01, True),
    "doubles too far": (1.0, pa.float64(), 1.02, pa.float64(), 0.01, False),
    "just as far": (1.0, pa.float64(), 1.5, pa.float64(), 0.5, True),
    "decimals, exactly": (Decimal("1.00"), pa.decimal128(12, 2), Decimal("1.01"), pa.decimal128(12, 2), 0.01, True),
    "decimals of two scales": (
        Decimal("1.00"),
        pa.decimal128(12, 2),
        Decimal("1.011"),
        pa.decimal128(20, 3),
        0.01,
        False,
    ),
    "decimals as large as can be": (
        Decimal("9" * 20 + "." + "9" * 18),
        pa.decimal128(38, 18),
        Decimal("-" + "9" * 20 + "." + "9" * 18),
        pa.decimal128(38, 18),
        5.0,
        False,
    ),
    "a decimal and a double": (Decimal("1.00"), pa.decimal128(12, 2), 1.004, pa.float64(), 0.01, True),
    "a decimal and a whole number": (Decimal("1.25"), pa.decimal128(12, 2), 1, pa.int64(), 0.25, True),
    "large whole numbers": (2**53, pa.int64(), 2**53 + 1, pa.int64(), 0.5, False),
    "whole numbers at both ends": (-(2**63), pa.int64(), 2**63 - 1, pa.int64(), 1e300, True),
    "unsigned ones": (2**64 - 1, pa.uint64(), 2**64 - 3, pa.uint64(), 2.0, True),
    "NaN and a number": (math.nan, pa.float64(), 1.0, pa.float64(), 1e300, False),
    "infinity and a number": (math.inf, pa.float64(), 1e308, pa.float64(), 1e308, False),
    "infinity of two signs": (math.inf, pa.float64(), -math.inf, pa.float64(), 1e308, False),
    "NULL and 0": (None, pa.float64(), 0.0, pa.float64(), 1.0, False),
    "texts": ("1", pa.string(), "2", pa.string(), 5.0, False),
    "lists": ([1.0], pa.list_(pa.float64()), [1.001], pa.list_(pa.float64()), 5.0, False),
}


@pytest.mark.parametrize(("one", "kind", "other", "other_kind", "tolerance", "same"), NEAR.values(), ids=NEAR.keys())
def test_numbers_within_a_tolerance(
    frame: MakeFrame, one: Any, kind: pa.DataType, other: Any, other_kind: pa.DataType, tolerance: float, same: bool
) -> None:
    a = frame(pa.table({"id": [1, 2], "v": pa.array([None, one], kind)}))
    b = frame(pa.table({"id": [1, 2], "v": pa.array([None, other], other_kind)}))
    by_key = compare_rows(a, b, keys=["id"], tolerance=tolerance)
    back = compare_rows(b, a, keys=["id"], tolerance=tolerance)
    assert (by_key.same_rows, by_key.changed_columns, by_key.tolerance) == (same, {} if same else {"v": 1}, tolerance)
    assert back.same_rows == same
    assert not compare_rows(a, b, keys=["id"]).same_rows
    alone = [frame(pa.table({"v": pa.array([value, value], own)})) for value, own in ((one, kind), (other, other_kind))]
    without = compare_rows(*alone, tolerance=tolerance)
    assert (without.keys, without.same_rows, without.only_a) == ((), same, 0 if same else 2)


def test_what_is_said_of_it(frame: MakeFrame) -> None:
    a, b = (frame(pa.table({"v": [1.0, 1.0, last], "l": [[1.0]] * 3})) for last in (2.0, 2.25))
    found = compare_rows(a, b, tolerance=0.5)
    assert found.same
    assert "The rows are the same within 0.5." in str(found)
    assert "without tolerance" in found.notes[0]
    assert "no key: rows with equal other columns are paired" in str(found)


def test_rows_without_a_key_are_paired_where_other_columns_are_equal(frame: MakeFrame) -> None:
    a = frame(pa.table({"k": ["x", "x", "x", "y"], "v": [1.0, 5.0, 1.0, 7.0]}))
    b = frame(pa.table({"k": ["x", "x", "x", "z"], "v": [5.25, 1.25, 1.0, 7.0]}))
    found = compare_rows(a, b, tolerance=0.5)
    assert (found.keys, found.only_a, found.only_b) == ((), 1, 1)
    assert found.samples_a[0].values == {"k": "y", "v": 7.0}


@pytest.mark.parametrize("tolerance", [-0.1, math.nan, math.inf, True, "much", None.__class__])
def test_a_tolerance_that_is_none(frame: MakeFrame, tolerance: Any) -> None:
    side = frame(pa.table({"v": [1]}))
    with pytest.raises(ArgumentError, match=r"the tolerance .* is no number of 0 or more"):
        compare_rows(side, side, tolerance=tolerance)
