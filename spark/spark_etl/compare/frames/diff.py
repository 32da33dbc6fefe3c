"""How the rows of two frames differ, as a value that a terminal, JSON and a notebook show each in its own way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from spark_etl.compare.frames.schema import SchemaDiff
from spark_etl.compare.showing import show
from spark_etl.printable import printable
from spark_etl.units import format_count

MOST_SHOWN = 3  # rows or pairs of a kind, and changed columns of a pair
MOST_CHARS = 40  # of a value
MOST_LINE = 160
BEFORE = 10  # characters that are shown before the first one that differs


@dataclass(frozen=True)
class SampleRow:
    """A row that one side has more often than the other.

    Attributes:
        values: Column → value, as JSON has it: a decimal, a moment and NaN are texts, a binary is hexadecimal.
        times: How many more of it the side has.
    """

    values: Mapping[str, Any]
    times: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Returns the row as plain values, for JSON."""
        return {"values": dict(self.values), "times": self.times}


@dataclass(frozen=True)
class RowPair:
    """A row of A and a row of B that are the same in most columns: probably one row that has changed.

    Attributes:
        a: The row of A.
        b: The row of B.
        columns: Where they differ.
    """

    a: SampleRow
    b: SampleRow
    columns: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns the pair as plain values, for JSON."""
        return {"a": dict(self.a.values), "b": dict(self.b.values), "columns": list(self.columns)}


@dataclass(frozen=True)
class KeyDuplicates:
    """Rows of one side that share their key with another row of the side.

    Attributes:
        keys: Keys that several rows have.
        rows: Rows that have one of these.
        samples: The keys that most rows have: column → value; `times` is how many rows.
    """

    keys: int
    rows: int
    samples: tuple[SampleRow, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, for JSON."""
        return {"keys": self.keys, "rows": self.rows, "samples": [row.to_dict() for row in self.samples]}


@dataclass(frozen=True)
class RowDiff:
    """How two frames, A and B, differ: by key where there is one, else as multisets of rows.

    Attributes:
        a: What A is: which feature of which run.
        b: What B is.
        schema: How their columns differ.
        rows_a: Rows of A.
        rows_b: Rows of B.
        only_a: Rows that A has more of than B, each as often as it has more.
        only_b: Rows that B has more of than A.
        columns: The columns whose values were compared: those of both sides.
        not_compared: Column of both sides → why its values can't be compared: types such as text and number.
        samples_a: The first rows of `only_a` by value.
        samples_b: The first rows of `only_b`.
        pairs: The first rows of both that are probably one row that has changed.
        notes: What else is to be known of the comparison.
        keys: The columns by which a row of A and a row of B are the same one; empty: compared as multisets.
        keys_from: Where the keys come from: `--keys`, `the response's unique columns`, `columns unique in both`,
            `a column unique in A`.
        changed: Keys of both sides whose other columns differ; by key, `only_a` and `only_b` count other keys alone.
        changed_columns: Column → how many of these differ in it, most first.
        duplicates_a: Rows of A that share their key; None where it is unique. Such rows are compared as multisets.
        duplicates_b: The same of B.
        tolerance: By how much two numbers may differ and still count as equal; None: not at all.
        is_exact: Whether rows that are the same are so without that tolerance.
    """

    a: str
    b: str
    schema: SchemaDiff
    rows_a: int
    rows_b: int
    only_a: int = 0
    only_b: int = 0
    columns: tuple[str, ...] = ()
    not_compared: Mapping[str, str] = field(default_factory=dict)
    samples_a: tuple[SampleRow, ...] = ()
    samples_b: tuple[SampleRow, ...] = ()
    pairs: tuple[RowPair, ...] = ()
    notes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    keys_from: str = ""
    changed: int = 0
    changed_columns: Mapping[str, int] = field(default_factory=dict)
    duplicates_a: KeyDuplicates | None = None
    duplicates_b: KeyDuplicates | None = None
    tolerance: float | None = None
    is_exact: bool = True

    @property
    def same(self) -> bool:
        """Whether both have the same columns, of the same types, and the same rows."""
        return self.schema.same and self.same_rows

    @property
    def same_rows(self) -> bool:
        """Whether the rows are the same in the columns of both, whatever their types."""
        return not (self.only_a or self.only_b or self.changed or self.not_compared)

    def to_dict(self) -> dict[str, Any]:
        """Returns the difference as plain values, for JSON."""
        return {
            "same": self.same,
            "a": self.a,
            "b": self.b,
            "rows_a": self.rows_a,
            "rows_b": self.rows_b,
            "only_a": self.only_a,
            "only_b": self.only_b,
            "schema": self.schema.to_dict(),
            "columns": list(self.columns),
            "not_compared": dict(self.not_compared),
            "samples_a": [row.to_dict() for row in self.samples_a],
            "samples_b": [row.to_dict() for row in self.samples_b],
            "pairs": [pair.to_dict() for pair in self.pairs],
            "notes": list(self.notes),
            "keys": list(self.keys),
            "keys_from": self.keys_from,
            "changed": self.changed,
            "changed_columns": dict(self.changed_columns),
            "duplicates_a": self.duplicates_a.to_dict() if self.duplicates_a else None,
            "duplicates_b": self.duplicates_b.to_dict() if self.duplicates_b else None,
            "tolerance": self.tolerance,
            "is_exact": self.is_exact,
        }

    def __str__(self) -> str:
        return "\n".join(_cut(printable(line, one_line=True), MOST_LINE) for line in self._lines())

    def _repr_html_(self) -> str:
        return show("row_html", self)

    def _lines(self) -> Iterator[str]:
        yield f"A: {self.a}, {format_count(self.rows_a, 'row')}. B: {self.b}, {format_count(self.rows_b, 'row')}."
        for side, found in (("A", self.duplicates_a), ("B", self.duplicates_b)):
            if found:
                yield self._duplicates_line(side, found)
        yield self._verdict()
        if not self.schema.same:
            yield from str(self.schema).splitlines()
        for name, reason in list(self.not_compared.items())[:2]:
            yield f"`{name}` is not compared: {reason}"
        yield from self.notes[:2]
        yield from self._pair_lines()
        yield from self._sample_lines("A", self.samples_a, {id(pair.a) for pair in self.pairs})
        yield from self._sample_lines("B", self.samples_b, {id(pair.b) for pair in self.pairs})

    def _duplicates_line(self, side: str, found: KeyDuplicates) -> str:
        key = ", ".join(map(_name, self.keys))
        shown = [f"{_values(row.values)} ({format_count(row.times, 'row')})" for row in found.samples[:1]]
        such = f", such as {shown[0]}" if shown else ""
        rows = format_count(found.rows, "row")
        return f"Duplicate keys in {side}: {rows} for {format_count(found.keys, 'value')} of {key}{such}."

    def _verdict(self) -> str:
        if not (self.columns or self.schema.same):
            return "No column has values that can be compared."
        where = "" if self.schema.same else f" in the {format_count(len(self.columns), 'column')} that can be compared"
        within = f" within {self.tolerance}" if self.tolerance else ""
        if not (self.only_a or self.only_b or self.changed):
            return f"The rows are the same{where}{within}."
        if not self.keys:
            return f"The rows differ{where}: {self.only_a:,} only in A, {self.only_b:,} only in B."
        by = f"by {', '.join(map(_name, self.keys))} ({self.keys_from})"
        counts = f"{self.only_a:,} only in A, {self.only_b:,} only in B, {self.changed:,} changed"
        shown = [f"{_name(name)} {count:,}" for name, count in list(self.changed_columns.items())[:MOST_SHOWN]]
        more = len(self.changed_columns) - MOST_SHOWN
        columns = f" ({', '.join(shown)}{f', {more:,} more columns' if more > 0 else ''})" if shown else ""
        return f"The rows differ{where} {by}: {counts}{columns}."

    def _pair_lines(self) -> Iterator[str]:
        if self.pairs:
            yield "Rows that have changed:" if self.keys else "Rows that are the same in most columns:"
        for pair in self.pairs[:MOST_SHOWN]:
            changes = "; ".join(_change(pair, name) for name in pair.columns[:MOST_SHOWN])
            more = len(pair.columns) - MOST_SHOWN
            others = self.keys or tuple(name for name in pair.a.values if name not in pair.columns)[:2]
            shared = _values({name: pair.a.values[name] for name in others})
            yield f"  {shared}: {changes}{f'; {more:,} more' if more > 0 else ''}"

    @staticmethod
    def _sample_lines(side: str, samples: tuple[SampleRow, ...], paired: set[int]) -> Iterator[str]:
        """Yields rows that are in no pair."""
        alone = [row for row in samples if id(row) not in paired]
        if alone:
            yield f"Rows only in {side}:"
        for row in alone[:MOST_SHOWN]:
            times = f"({row.times:,} times) " if row.times > 1 else ""
            yield f"  {times}{_values(row.values)}"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{_name(name)}={_shown(value)}" for name, value in values.items())


def _change(pair: RowPair, name: str) -> str:
    one, other = _text(pair.a.values[name]), _text(pair.b.values[name])
    start = next((place for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), 0)
    skipped = start - BEFORE if max(len(one), len(other)) > MOST_CHARS and start > BEFORE else 0
    left, right = (_cut(("…" if skipped else "") + text[skipped:], MOST_CHARS) for text in (one, other))
    return f"{_name(name)} A {left}, B {right}"


def _name(column: str) -> str:
    return column if column.isidentifier() else f"`{column}`"


def _shown(value: Any) -> str:
    return _cut(_text(value), MOST_CHARS)


def _text(value: Any) -> str:
    return "NULL" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
