"""Whatever the frames: what is found is what counting their rows in Python finds."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from spark_etl.compare import compare_rows
from spark_etl.compare.frames import sides

from tests.unit.spark_etl.compare.frames.conftest import MakeFrame

Row = tuple[Any, ...]
STRUCT = pa.struct([("a", pa.int64()), ("b", pa.string())])
SMALL = st.integers(-2, 2)
FLOATS = st.sampled_from([0.0, -0.0, 1.5, math.nan, math.inf, -math.inf])
TEXTS = st.sampled_from(["", "a", "b", "ä", "ab", "a long text of which the end alone is another 1", "NULL"])


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


KINDS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int64(): SMALL,
    pa.int32(): SMALL,
    pa.float64(): FLOATS,
    pa.float32(): FLOATS,
    pa.bool_(): st.booleans(),
    pa.string(): TEXTS,
    pa.binary(): st.sampled_from([b"", b"\x00", b"\xff"]),
    pa.decimal128(12, 2): st.sampled_from([Decimal("0.00"), Decimal("1.10"), Decimal("-1.10")]),
    pa.date32(): st.sampled_from([date(2024, 2, 28), date(2024, 2, 29)]),
    pa.timestamp("us", "UTC"): st.sampled_from([datetime(2024, 2, 29, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC)]),
    pa.list_(pa.int64()): st.lists(maybe(SMALL), max_size=2),
    pa.list_(pa.list_(pa.float64())): st.lists(maybe(st.lists(maybe(FLOATS), max_size=2)), max_size=2),
    STRUCT: st.fixed_dictionaries({"a": maybe(SMALL), "b": maybe(TEXTS)}),
    pa.map_(pa.string(), pa.float64()): st.dictionaries(TEXTS, maybe(FLOATS), max_size=2).map(dict.items).map(list),
}


def comparable(value: Any, kind: pa.DataType) -> Any:
    """Returns a value so that Python finds equal what is equal."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    if isinstance(value, list):
        parts = [comparable(item, kind.value_type) for item in value] if pa.types.is_list(kind) else value
        return tuple(parts) if pa.types.is_list(kind) else frozenset((key, comparable(one, kind)) for key, one in parts)
    return value


def counted(rows: list[Row], kinds: list[pa.DataType]) -> Counter[Row]:
    return Counter(tuple(comparable(*pair) for pair in zip(row, kinds, strict=True)) for row in rows)


def table(rows: list[Row], kinds: list[pa.DataType], order: list[int]) -> pa.Table:
    columns = {f"c{place}": pa.array([row[place] for row in rows], kinds[place]) for place in order}
    return pa.table(columns)


@st.composite
def frames(draw: st.DrawFn) -> tuple[list[pa.DataType], list[Row], list[Row]]:
    """Draws columns, rows, and rows of which some have changed."""
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4))
    row = st.tuples(*[maybe(KINDS[kind]) for kind in kinds])
    rows = draw(st.lists(row, max_size=6))
    others = draw(st.permutations(rows))
    for change in draw(st.lists(st.sampled_from(["value", "drop", "repeat", "add"]), max_size=2)):
        place = draw(st.integers(0, max(len(others) - 1, 0)))
        if change == "add":
            others.append(draw(row))
        elif others and change == "repeat":
            others.append(others[place])
        elif others:
            changed = list(others.pop(place))
            if change == "value":
                column = draw(st.integers(0, len(kinds) - 1))
                changed[column] = draw(maybe(KINDS[kinds[column]]))
                others.append(tuple(changed))
    return kinds, rows, others


@settings(max_examples=12, deadline=None)
@given(frames(), st.integers(0, 6), st.randoms(use_true_random=False))
def test_rows_are_compared_as_multisets(
    frame: MakeFrame, drawn: tuple[list[pa.DataType], list[Row], list[Row]], cut: int, random: Any
) -> None:
    kinds, rows, others = drawn
    twice = [(None,) * len(kinds)] * 2  # so nothing is a key
    rows, others = [*rows, *twice], [*others, *twice]
    order = list(range(len(kinds)))
    a = frame(table(rows, kinds, order))
    random.shuffle(order)
    b = frame(table(others[:cut], kinds, order), table(others[cut:], kinds, order))
    found, back = compare_rows(a, b, samples=99), compare_rows(b, a)
    one, other = counted(rows, kinds), counted(others, kinds)
    assert (found.only_a, found.only_b) == ((one - other).total(), (other - one).total())
    assert (found.rows_a, found.rows_b) == (len(rows), len(others))
    assert found.same == (one == other)
    assert (back.only_a, back.only_b, back.same) == (found.only_b, found.only_a, found.same)
    assert sorted(row.times for row in found.samples_a) == sorted((one - other).values())
    assert sorted(row.times for row in found.samples_b) == sorted((other - one).values())
    assert json.dumps(found.to_dict(), allow_nan=False)
    assert len(str(found).splitlines()) <= 20


NUMBERS = {pa.int64(), pa.int32(), pa.float64(), pa.float32(), pa.decimal128(12, 2)}


def is_near(one: Any, other: Any, tolerance: float) -> bool:
    """Returns whether two numbers are equal within the tolerance."""
    if one is None or other is None or comparable(one, None) == comparable(other, None):
        return one is other or comparable(one, None) == comparable(other, None)
    return (
        abs(Decimal(one) - Decimal(other)) <= Decimal(tolerance)
        if math.isfinite(one) and math.isfinite(other)
        else False
    )


def in_order(value: Any) -> tuple[bool, bool, Any]:
    is_nan = isinstance(value, float) and math.isnan(value)
    return value is None, is_nan, 0 if value is None or is_nan else value


def left_over(
    rows: list[Row], others: list[Row], kinds: list[pa.DataType], tolerant: list[int], tolerance: float
) -> tuple[int, int]:
    """Returns how many rows have no partner, by the rule: equal ones first, then in order where the rest is equal."""
    one, other = counted(rows, kinds), counted(others, kinds)
    left: list[dict[Row, list[Row]]] = []
    for side, more in ((rows, one - other), (others, other - one)):
        groups: dict[Row, list[Row]] = {}
        values = {tuple(comparable(*pair) for pair in zip(row, kinds, strict=True)): row for row in side}
        for key, times in more.items():
            exact = tuple(value for place, value in enumerate(key) if place not in tolerant)
            groups.setdefault(exact, []).extend([values[key]] * times)
        for group in groups.values():
            group.sort(key=lambda row: [in_order(row[place]) for place in tolerant])
        left.append(groups)
    matched = sum(
        all(is_near(row[place], near[place], tolerance) for place in tolerant)
        for key, group in left[0].items()
        for row, near in zip(group, left[1].get(key, []), strict=False)
    )
    return tuple(sum(map(len, groups.values())) - (matched if tolerant else 0) for groups in left)  # type: ignore[return-value]


def by_key(rows: list[Row], kinds: list[pa.DataType], places: list[int]) -> dict[Row, list[Row]]:
    found: dict[Row, list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(comparable(row[place], kinds[place]) for place in places), []).append(row)
    return found


@settings(max_examples=25, deadline=None)
@given(frames(), st.sampled_from([None, 0.5, 1.0]), st.data())
def test_rows_are_compared_by_key(
    frame: MakeFrame, drawn: tuple[list[pa.DataType], list[Row], list[Row]], tolerance: float | None, data: Any
) -> None:
    kinds, rows, others = drawn
    possible = [place for place, kind in enumerate(kinds) if not pa.types.is_nested(kind)]
    keys = data.draw(st.lists(st.sampled_from(possible), unique=True, max_size=2)) if possible else []
    order = list(range(len(kinds)))
    a, b = frame(table(rows, kinds, order)), frame(table(others, kinds, order[::-1]))
    with patch.object(sides, "FEW_ROWS", data.draw(st.sampled_from([-1, 20_000]))):  # read as many rows are, or few
        found = compare_rows(a, b, keys=[f"c{place}" for place in keys], tolerance=tolerance, samples=99)
    keys = [int(name[1:]) for name in found.keys]
    tolerant = [place for place in order if kinds[place] in NUMBERS and place not in keys] if tolerance else []
    if not keys:
        assert (found.only_a, found.only_b) == left_over(rows, others, kinds, tolerant, tolerance or 0)
        return
    in_a, in_b = by_key(rows, kinds, keys), by_key(others, kinds, keys)
    if found.keys_from != "--keys":
        assert len(in_a) == len(rows)
        assert len(in_b) == len(others)
        assert in_a.keys() & in_b.keys() or counted(rows, kinds) == counted(others, kinds)
    changed = {
        key: [
            place
            for place, (one, other) in enumerate(zip(in_a[key][0], in_b[key][0], strict=True))
            if not (
                is_near(one, other, tolerance or 0)
                if place in tolerant
                else comparable(one, kinds[place]) == comparable(other, kinds[place])
            )
        ]
        for key in in_a.keys() & in_b.keys()
        if any(left_over(in_a[key], in_b[key], kinds, tolerant, tolerance or 0))
    }
    alone = {key: columns for key, columns in changed.items() if len(in_a[key]) == len(in_b[key]) == 1}
    assert found.changed == len(changed)
    assert found.only_a == sum(len(in_a[key]) for key in in_a.keys() - in_b.keys())
    assert found.only_b == sum(len(in_b[key]) for key in in_b.keys() - in_a.keys())
    assert found.changed_columns == Counter(f"c{place}" for columns in alone.values() for place in columns)
    assert sorted(pair.columns for pair in found.pairs) == sorted(
        tuple(f"c{place}" for place in columns) for columns in alone.values()
    )
    for grouped, duplicates in ((in_a, found.duplicates_a), (in_b, found.duplicates_b)):
        shared = [len(group) for group in grouped.values() if len(group) > 1]
        if not found.same:
            assert (duplicates.keys, duplicates.rows) == (len(shared), sum(shared)) if duplicates else not shared
    assert json.dumps(found.to_dict(), allow_nan=False)
    assert len(str(found).splitlines()) <= 24
