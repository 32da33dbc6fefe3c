"""Compares what a fix gives with what is right, and says in which way it is wrong."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_etl.learning.finding import Finding
from spark_etl.learning.lesson import Assignment
from spark_etl.units import format_count

if TYPE_CHECKING:
    import pyarrow as pa

# Ways in which the rows of a fix are wrong, which a lesson may say more about.
KINDS = ("columns", "types", "deleted", "emptied", "repeated", "added", "lost", "changed")
SHOWN, CLOSE = 3, 1e-9
Rows = Mapping[Any, list[tuple[Any, ...]]]


def judge_rows(assignment: Assignment, found: pa.Table, *, elsewhere: bool = False) -> list[Finding]:
    """Returns in which ways rows are not the right ones; nothing where they are.

    Args:
        assignment: The lesson.
        found: What the feature returns with the fix.
        elsewhere: Whether it is what it returns for the few other rows.
    """
    planted = assignment.elsewhere if elsewhere else assignment.planted
    right = planted.right
    if columns := [*_of_columns(right.schema, found.schema)]:
        return [_finding(assignment, kind, text) for kind, text in columns]
    wanted = _by_key(right, assignment.key)
    got = _by_key(found.select(right.column_names), assignment.key)
    ways = _differences(assignment, planted.keys, right.column_names, wanted, got)
    return [_finding(assignment, kind, text) for kind, text in ways]


def _of_columns(right: pa.Schema, found: pa.Schema) -> Iterator[tuple[str, str]]:
    """Yields what is wrong with the columns: whoever reads the feature relies on their names and types."""
    if missing := [f"`{name}`" for name in right.names if name not in found.names]:
        yield "columns", f"the feature returns no column {', '.join(missing)}."
    if more := [f"`{name}`" for name in found.names if name not in right.names]:
        yield "columns", f"the feature returns more columns than it has to: {', '.join(more)}."
    others = [name for name in right.names if name in found.names and found.field(name).type != right.field(name).type]
    for name in others:
        yield (
            "types",
            f"`{name}` is of the type {_type(found.field(name).type)}, and has to be {_type(right.field(name).type)}.",
        )


def _type(kind: pa.DataType) -> str:
    return str(kind).replace("decimal128", "decimal")


def _differences(
    assignment: Assignment, planted: Collection[Any], columns: Sequence[str], wanted: Rows, got: Rows
) -> Iterator[tuple[str, str]]:
    """Yields kind and text of each way in which the rows are wrong."""
    gone = [key for key in wanted if key not in got]
    if deleted := [key for key in gone if key in planted]:
        yield (
            "deleted",
            f"{_count(deleted)} that the bug concerns {_verb(deleted, 'is', 'are')} not in the result. Rows that are "
            "left out are no fix: they are missing in every sum below.",
        )
    if lost := [key for key in gone if key not in planted]:
        yield (
            "lost",
            f"{_count(lost)} that {_verb(lost, 'was right is', 'were right are')} gone, {_examples(assignment, lost)}.",
        )
    if added := [key for key in got if key not in wanted]:
        yield "added", f"{_count(added)} {_verb(added, 'does', 'do')} not belong there, {_examples(assignment, added)}."
    if repeated := [key for key in got if key in wanted and len(got[key]) > len(wanted[key])]:
        yield (
            "repeated",
            f"{_count(repeated, 'key')} {_verb(repeated, 'has', 'have')} more than one row, "
            f"{_examples(assignment, repeated)}.",
        )
    yield from _of_values(assignment, columns, wanted, got)


def _of_values(assignment: Assignment, columns: Sequence[str], wanted: Rows, got: Rows) -> Iterator[tuple[str, str]]:
    """Yields what is wrong with the values of rows that are there once, as they have to be."""
    emptied: dict[Any, int] = {}
    changed: dict[Any, int] = {}
    for key, (right, *more) in wanted.items():
        if more or len(got.get(key, ())) != 1 or got[key][0] == right:
            continue
        wrong = [place for place, value in enumerate(right) if not _is_same(value, got[key][0][place])]
        if wrong:
            empty = [place for place in wrong if got[key][0][place] is None]
            (emptied if empty else changed)[key] = (empty or wrong)[0]
    if emptied:
        key, place = next(iter(emptied.items()))
        yield (
            "emptied",
            f"`{columns[place]}` of {_count([*emptied])} is NULL now, {_examples(assignment, [*emptied])}. An "
            "exception that is caught, or a value that is skipped, is no fix: nobody is told, and no sum has it.",
        )
    if changed:
        key, place = next(iter(changed.items()))
        yield (
            "changed",
            f"{_count([*changed])} {_verb([*changed], 'has', 'have')} another value than is right: `{columns[place]}` "
            f"of {assignment.key} {key} is {got[key][0][place]}.",
        )


def _finding(assignment: Assignment, kind: str, text: str) -> Finding:
    return Finding("fix", kind, " ".join(filter(None, [text[:1].upper() + text[1:], assignment.reason(kind)])))


def _by_key(table: pa.Table, key: str) -> Rows:
    rows: dict[Any, list[tuple[Any, ...]]] = {}
    columns = [column.to_pylist() for column in table.columns]
    for one, row in zip(table.column(key).to_pylist(), zip(*columns, strict=True), strict=True):
        rows.setdefault(one, []).append(row)
    return rows


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    return bool(one == other)


def _count(keys: Sequence[Any], noun: str = "row") -> str:
    return format_count(len(keys), noun)


def _verb(keys: Sequence[Any], one: str, many: str) -> str:
    return one if len(keys) == 1 else many


def _examples(assignment: Assignment, keys: Sequence[Any]) -> str:
    return f"such as {assignment.key} {', '.join(map(str, keys[:SHOWN]))}"
