"""How the rows of a fix are told apart from the right ones."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest
from spark_etl.learning.judge import judge_rows
from spark_etl.learning.lesson import Assignment, find_lesson, load_lessons

Edit = Callable[[list[dict], set], list[dict]]  # type: ignore[type-arg]


@pytest.fixture(scope="module")
def given() -> Assignment:
    return find_lesson(4, load_lessons()).for_seed(3)


def with_amount(value: object) -> Edit:
    return lambda rows, keys: [{**row, "amount": value} if row["receipt_id"] in keys else row for row in rows]


@pytest.mark.parametrize(
    ("edit", "kinds", "words"),
    [
        (lambda rows, keys: rows, [], ""),
        (lambda rows, keys: rows[::-1], [], ""),
        (lambda rows, keys: [{**row, "more": 1} for row in rows], ["columns"], "more columns than it has to: `more`"),
        (lambda rows, keys: [row for row in rows if row["receipt_id"] not in keys], ["deleted"], "no fix"),
        (with_amount(None), ["emptied"], "exception that is caught"),
        (with_amount(Decimal("1.00")), ["changed"], "is 1.00"),
        (lambda rows, keys: rows[1:], ["lost"], "1 row that was right is gone"),
        (lambda rows, keys: [*rows, {**rows[0], "receipt_id": 1}], ["added"], "such as receipt_id 1"),
        (lambda rows, keys: [*rows, rows[5]], ["repeated"], "1 key has more than one row"),
        (
            lambda rows, keys: [{"receipt_id": row["receipt_id"]} for row in rows],
            ["columns"],
            "`till`, `total`, `amount`",
        ),
    ],
)
def test_each_way_to_be_wrong_is_named(given: Assignment, edit: Edit, kinds: list[str], words: str) -> None:
    right = given.planted.right
    rows = list(right.to_pylist())
    if rows[0]["receipt_id"] in given.planted.keys:
        rows = [*rows[1:], rows[0]]
    edited = edit(rows, set(given.planted.keys))
    types = {**dict(zip(right.schema.names, right.schema.types, strict=True)), "more": pa.int64()}
    schema = pa.schema([(name, types[name]) for name in edited[0]])
    found = judge_rows(given, pa.Table.from_pylist(edited, schema=schema))
    assert [finding.kind for finding in found] == kinds
    assert words in " ".join(finding.text for finding in found)


def test_a_column_of_another_type_is_refused(given: Assignment) -> None:
    right = given.planted.right
    place = right.column_names.index("amount")
    doubles = right.set_column(place, "amount", right.column("amount").cast(pa.float64()))
    (finding,) = judge_rows(given, doubles)
    assert finding.kind == "types"
    assert finding.text == "`amount` is of the type double, and has to be decimal(12, 2)."


def test_the_rows_elsewhere_are_compared_with_what_is_right_there(given: Assignment) -> None:
    assert judge_rows(given, given.elsewhere.right, elsewhere=True) == []
    assert judge_rows(given, given.elsewhere.right)


def test_a_lesson_adds_its_own_reason(given: Assignment) -> None:
    right = given.planted.right
    empty = right.set_column(3, "amount", pa.nulls(right.num_rows, right.schema.field("amount").type))
    (finding,) = judge_rows(given, empty)
    assert finding.text.endswith(given.reason("emptied"))
