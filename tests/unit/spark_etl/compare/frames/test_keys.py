"""Rows compared by key: where keys come from, what is changed, and keys that several rows share."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from spark_etl.compare import compare_rows
from spark_etl.compare.frames import keyed
from spark_etl.compare.frames import sides as sides_module
from spark_etl.errors import ArgumentError
from spark_etl.reading import Checkpoint

from tests.unit.spark_etl.compare.frames.conftest import MakeFrame


def orders(**columns: Any) -> pa.Table:
    known = {"id": [1, 2, 3, 4], "customer": ["a", "a", "b", None], "amount": [1.0, 2.0, 3.0, 4.0]}
    return pa.table({**known, **columns})


def declares(side: Checkpoint, *unique: list[str]) -> Checkpoint:
    manifest = replace(side.manifest)
    object.__setattr__(manifest, "unique", list(unique))
    return Checkpoint(side.path, manifest)


def test_keys_that_are_given(frame: MakeFrame) -> None:
    a = frame(orders())
    b = frame(orders(id=[1, 2, 3, 5], customer=["a", None, "b", None], amount=[1.0, 9.0, 9.0, 4.0]))
    found = compare_rows(a, b, keys=["id"])
    assert (found.only_a, found.only_b, found.changed) == (1, 1, 2)
    assert list(found.changed_columns.items()) == [("amount", 2), ("customer", 1)]
    assert (found.keys, found.keys_from, found.same) == (("id",), "--keys", False)
    assert [row.values["id"] for row in (*found.samples_a, *found.samples_b)] == [4, 5]
    assert [(pair.a.values["id"], pair.columns) for pair in found.pairs] == [
        (2, ("customer", "amount")),
        (3, ("amount",)),
    ]
    assert str(found).splitlines()[1:] == [
        "The rows differ by id (--keys): 1 only in A, 1 only in B, 2 changed (amount 2, customer 1).",
        "Rows that have changed:",
        "  id=2: customer A a, B NULL; amount A 2.0, B 9.0",
        "  id=3: amount A 3.0, B 9.0",
        "Rows only in A:",
        "  id=4, customer=NULL, amount=4.0",
        "Rows only in B:",
        "  id=5, customer=NULL, amount=4.0",
    ]
    assert json.dumps(found.to_dict())


def test_a_key_of_several_columns_with_null(frame: MakeFrame) -> None:
    sides = [
        frame(pa.table({"k": ["x", "x", None, None], "n": [1, None, 1, None], "v": [1, 2, 3, last]})) for last in (4, 5)
    ]
    found = compare_rows(*sides, keys=("k", "n"))
    assert (found.changed, found.only_a, found.only_b) == (1, 0, 0)
    assert found.pairs[0].a.values == {"k": None, "n": None, "v": 4}


def test_keys_are_equal_by_value_whatever_their_type(frame: MakeFrame) -> None:
    a = frame(pa.table({"id": pa.array([1, 2], pa.int32()), "v": [1, 2]}))
    b = frame(pa.table({"id": pa.array([Decimal(2), Decimal(1)], pa.decimal128(20, 2)), "v": [2, 3]}))
    found = compare_rows(a, b, keys=["id"])
    assert (found.changed, found.only_a, found.changed_columns) == (1, 0, {"v": 1})


WRONG: dict[str, tuple[list[str], str]] = {
    "in neither side": (["idd"], "neither side has a column `idd`.*Did you mean `id`.*Known: "),
    "in A alone": (["old"], "only A has the column `old`"),
    "in B alone": (["new"], "only B has the column `new`"),
    "twice": (["id", "id"], "`id` is named twice"),
    "nested": (["list"], "`list` can't be a key: its values are nested.*Columns that can be: id"),
    "of two kinds": (["kind"], "`kind` can't be a key: int64 in A, string in B.*id"),
}


@pytest.mark.parametrize(("keys", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_keys_are_refused_before_rows_are_read(
    frame: MakeFrame, keys: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = frame(pa.table({"id": [1], "old": [1], "list": [[1]], "kind": [1]}))
    b = frame(pa.table({"id": [1], "new": [1], "list": [[1]], "kind": ["1"]}))
    monkeypatch.setattr("spark_etl.compare.frames.rows.database", None)
    with pytest.raises(ArgumentError, match=message):
        compare_rows(a, b, keys=keys)
    if keys == ["list"]:
        with pytest.raises(ArgumentError, match=message):
            compare_rows(a, a, keys=keys)


def test_unique_columns_of_the_response(frame: MakeFrame) -> None:
    a, b = frame(orders()), frame(orders(amount=[1.0, 2.0, 3.0, 5.0]))
    assert compare_rows(declares(a, ["customer", "id"]), b).keys == ("customer", "id")
    found = compare_rows(declares(a, ["amount"], ["id"]), declares(b, ["id"]))
    assert (found.keys, found.keys_from) == (("id",), "the response's unique columns")
    assert compare_rows(declares(a, ["gone"]), b).keys_from == "columns unique in both"


def test_response_columns_that_are_not_unique_in_fact(frame: MakeFrame) -> None:
    a, b = frame(orders()), frame(orders(id=[1, 2, 2, 2]))
    found = compare_rows(declares(a, ["id"]), declares(b, ["id"]))
    assert found.duplicates_a is None
    assert found.duplicates_b is not None
    assert (found.duplicates_b.keys, found.duplicates_b.rows) == (1, 3)
    assert [(row.values, row.times) for row in found.duplicates_b.samples] == [({"id": 2}, 3)]
    assert (found.only_a, found.only_b, found.changed, found.changed_columns) == (2, 0, 1, {})
    assert str(found).splitlines()[1] == "Duplicate keys in B: 3 rows for 1 value of id, such as id=2 (3 rows)."


def test_rows_that_share_a_key_are_multisets(frame: MakeFrame) -> None:
    a = frame(pa.table({"k": [1, 1, 1, 2, 2, 3], "v": [1, 1, 2, 1, 2, 1]}))
    b = frame(pa.table({"k": [2, 1, 1, 2, 1, 4], "v": [2, 2, 1, 1, 2, 1]}))
    found = compare_rows(a, b, keys=["k"])
    assert (found.only_a, found.only_b, found.changed) == (1, 1, 1)
    assert found.duplicates_a is not None
    assert (found.duplicates_a.keys, found.duplicates_a.rows) == (2, 5)


FOUND: dict[str, tuple[dict[str, list[Any]], dict[str, list[Any]], tuple[str, ...]]] = {
    "the column that is unique": ({"v": [1, 1, 2], "id": [1, 2, 3]}, {"v": [1, 2, 2], "id": [3, 2, 1]}, ("id",)),
    "the one with values in common": (
        {"uuid": ["a", "b", "c"], "id": [1, 2, 3], "v": [1, 1, 1]},
        {"uuid": ["d", "e", "f"], "id": [1, 2, 3], "v": [1, 1, 2]},
        ("id",),
    ),
    "the one with most of them": ({"v": [10, 20, 30], "id": [1, 2, 3]}, {"v": [10, 20, 31], "id": [1, 2, 3]}, ("id",)),
    "two columns": (
        {"day": [1, 1, 2, 2], "shop": ["a", "b", "a", "b"], "v": [1, 1, 1, 1]},
        {"day": [1, 1, 2, 2], "shop": ["a", "b", "a", "b"], "v": [1, 1, 1, 2]},
        ("day", "shop"),
    ),
    "no floats": ({"v": [1.5, 2.5], "w": [1, 1]}, {"v": [1.5, 3.5], "w": [1, 1]}, ()),
    "none": ({"v": [1, 1, 2]}, {"v": [1, 2, 2]}, ()),
    "nothing in common": ({"v": [1, 2]}, {"v": [3, 4]}, ()),
}


@pytest.mark.parametrize(("one", "other", "keys"), FOUND.values(), ids=FOUND.keys())
def test_keys_that_are_found(
    frame: MakeFrame, one: dict[str, list[Any]], other: dict[str, list[Any]], keys: tuple[str, ...]
) -> None:
    found = compare_rows(frame(pa.table(one)), frame(pa.table(other)))
    assert (found.keys, found.keys_from) == (keys, "columns unique in both" if keys else "")


IDS = list(range(20))
ONE_SIDE: dict[str, tuple[dict[str, list[Any]], dict[str, list[Any]], tuple[str, ...]]] = {
    "a fan-out": ({"v": [0.5] * 20, "id": IDS}, {"v": [0.5] * 60, "id": IDS * 3}, ("id",)),
    "a fan-out whose rows are told apart by another column": (
        {"id": IDS, "segment": ["x", "y"] * 10},
        {"id": IDS * 2, "segment": ["x"] * 20 + ["y"] * 20},
        ("id",),
    ),
    "one value twice": (
        {"id": IDS, "v": [n // 2 for n in IDS]},
        {"id": [*IDS, 7], "v": [*(n // 2 for n in IDS), 3]},
        ("id",),
    ),
    "some values in one side only": ({"id": IDS}, {"id": [*IDS[1:], 21, 21]}, ("id",)),
    "few rows": ({"country": [1, 2, 3]}, {"country": [1, 2, 3] * 9}, ()),
    "values of one side only": ({"id": IDS}, {"id": [*IDS, *range(40, 60), 1]}, ()),
    "a selection": ({"customer": IDS}, {"customer": [n % 100 for n in range(1_000)]}, ()),
    "NULL alone several times": ({"id": [*IDS, None]}, {"id": [*IDS, None, None]}, ()),
    "as many rows": ({"id": IDS}, {"id": [*IDS[:-1], 3]}, ()),
    "a column unique in both": ({"n": IDS, "id": IDS}, {"n": [*IDS, 3], "id": [*IDS, 20]}, ("id",)),
}


@pytest.mark.parametrize(("one", "other", "keys"), ONE_SIDE.values(), ids=ONE_SIDE.keys())
def test_a_column_that_is_unique_in_one_side_alone(
    frame: MakeFrame, one: dict[str, list[Any]], other: dict[str, list[Any]], keys: tuple[str, ...]
) -> None:
    a, b = frame(pa.table(one)), frame(pa.table(other))
    source = "columns unique in both" if "n" in one and keys else "a column unique in {}" if keys else ""
    for sides, letter in (((a, b), "A"), ((b, a), "B")):
        found = compare_rows(*sides)
        assert (found.keys, found.keys_from) == (keys, source.format(letter))
        repeated = (found.duplicates_a, found.duplicates_b)
        assert [each is not None for each in repeated] == [bool("{}" in source) and letter != side for side in "AB"]


def test_duplicates_of_one_side_come_first(frame: MakeFrame) -> None:
    a, b = pa.table({"id": IDS, "v": [1] * 20}), pa.table({"id": IDS * 8, "v": [1] * 160})
    assert str(compare_rows(frame(a), frame(b))).splitlines()[1:] == [
        "Duplicate keys in B: 160 rows for 20 values of id, such as id=1 (8 rows).",
        "The rows differ by id (a column unique in A): 0 only in A, 0 only in B, 20 changed.",
    ]


def test_further_days_are_no_duplicates(frame: MakeFrame) -> None:
    days = [date(2024, 2, number) for number in (28, 29)]
    a = pa.table({"id": IDS, "_dt": days[:1] * 20})
    b = pa.table({"id": IDS * 2, "_dt": days[:1] * 20 + days[1:] * 20})
    for sides, counts in (((a, b), (0, 20, 0)), ((b, a), (20, 0, 0))):
        found = compare_rows(*map(frame, sides))
        assert (found.keys, found.keys_from) == (("id", "_dt"), "columns unique in both")
        assert (found.only_a, found.only_b, found.changed) == counts


def test_duplicates_that_the_first_rows_do_not_have(frame: MakeFrame) -> None:
    numbers = list(range(30_000))
    a, b = frame(pa.table({"id": numbers})), frame(pa.table({"id": [*numbers, 29_998]}))
    found = compare_rows(a, b)
    assert (found.keys, found.keys_from, found.changed) == (("id",), "a column unique in A", 1)


def test_keys_are_looked_for_only_if_rows_differ(frame: MakeFrame) -> None:
    found = compare_rows(frame(orders()), frame(orders().slice(2), orders().slice(0, 2)))
    assert (found.same, found.keys) == (True, ())


@pytest.mark.parametrize("kept", [0, 1_000_000])
def test_many_rows_by_key(frame: MakeFrame, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows so many that they are read as files, and that only the first ones say nothing of what is unique."""
    monkeypatch.setattr(keyed, "MOST_KEPT", kept)
    numbers = list(range(30_000))
    base = {"twice": [min(number, 29_998) for number in numbers], "id": numbers, "text": [f"ä{n}" for n in numbers]}
    changed = pa.table({**base, "text": [f"ä{number - (number == 70)}" for number in numbers]})
    found = compare_rows(frame(pa.table(base)), frame(changed.slice(3), changed.slice(0, 1)))
    assert (found.keys, found.changed, found.changed_columns) == (("id",), 1, {"text": 1})
    assert (found.only_a, found.only_b) == (2, 0)
    assert [pair.b.values for pair in found.pairs] == [{"twice": 70, "id": 70, "text": "ä69"}]
    assert [row.values["id"] for row in found.samples_a] == [1, 2]


def test_as_many_columns_as_the_database_has_memory_for(frame: MakeFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides_module, "DATABASE_MEMORY", 0)
    columns = {f"c{number}": [number, number + 1] for number in range(300)}
    found = compare_rows(frame(pa.table(columns)), frame(pa.table({**columns, "c7": [7, 99]})))
    assert (found.changed, [pair.columns for pair in found.pairs]) == (1, [("c7",)])


@pytest.mark.parametrize(
    "names", [["a.b", 'a"b'], ["x", ""], ["select", "q1"], ["k1", "d0"], ["c1", "c0"], ["\n", "'"]]
)
def test_keys_of_any_name(frame: MakeFrame, names: list[str]) -> None:
    key, value = names
    found = compare_rows(*(frame(pa.table({value: [1, last], key: [1, 2]})) for last in (1, 2)), keys=[key])
    assert (found.changed, found.pairs[0].columns, found.pairs[0].a.values) == (1, (value,), {value: 1, key: 2})


def test_columns_that_case_alone_tells_apart(frame: MakeFrame) -> None:
    found = compare_rows(frame(pa.table({"ID": [1], "v": [1]})), frame(pa.table({"id": [1], "v": [1]})))
    assert (list(found.schema.only_a), list(found.schema.only_b)) == (["ID"], ["id"])
    assert "`ID` of A and `id` of B are one column to Spark" in str(found)
