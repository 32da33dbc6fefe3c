"""What to look at before a snapshot is written: columns that are probably meant as something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from spark_etl.printable import printable
from spark_etl.reading.duck import identifier
from spark_etl.snapshots.columns import TEXT, Column
from spark_etl.snapshots.inputs import CSV, PARQUET
from spark_etl.snapshots.read import Relation
from spark_etl.units import format_count

MOSTLY = 0.5
ISO = "%Y-%m-%d"
DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
COMMA = "'^[+-]?[0-9.]*[0-9],[0-9]+$'"
ZEROS = "'^[+-]?0[0-9]+$'"


def column_notes(database: Any, files: Relation, columns: Sequence[Column]) -> list[str]:
    """Returns what to look at.

    Args:
        database: A connection of DuckDB's.
        files: The files.
        columns: The columns of the snapshot.
    """
    notes = [files.shape.summary] if files.shape else []
    if files.inputs.kind == CSV:
        notes += _of_formats(database, files, columns)
        notes += _of_texts(database, files, [column for column in columns if _is_guessed_text(column)])
    if files.inputs.kind != PARQUET:
        doubles = [printable(column.name, one_line=True) for column in columns if _is_guessed_double(column)]
        if doubles:
            notes.append(
                f"double is approximate, for money say --type {doubles[0]}=decimal(12,2): {', '.join(doubles)}"
            )
    return notes


def _of_formats(database: Any, files: Relation, columns: Sequence[Column]) -> Iterator[str]:
    """Yields how dates are read, where that had to be guessed: `02/03/2024` is two days."""
    days = [printable(column.name, one_line=True) for column in columns if column.found == "DATE"]
    if not days or "dateformat" in files.sniff:
        return
    row = database.execute(f"select DateFormat from {files.sniff}").fetchone()  # noqa: S608 - quoted
    if row and row[0] not in {None, "", ISO}:
        yield f"dates are read as {row[0]}: {', '.join(days)} (--date-format says another)"


def _is_guessed_text(column: Column) -> bool:
    return column.found == column.target == TEXT and not column.is_chosen


def _is_guessed_double(column: Column) -> bool:
    return column.target == "DOUBLE" and not column.is_chosen


def _of_texts(database: Any, files: Relation, columns: Sequence[Column]) -> Iterator[str]:
    """Yields the columns of text that are mostly numbers, and why they are text all the same."""
    if not columns:
        return
    asked = []
    for name in (identifier(column.source) for column in columns):
        number = f"try_cast({name} as double) is not null"
        asked += [
            f"count({name})",
            f"count(*) filter (where {number})",
            f"count(*) filter (where regexp_matches({name}, {COMMA}))",
            f"any_value({name}) filter (where not ({number}))",
            f"any_value({name}) filter (where regexp_matches({name}, {ZEROS}))",
        ]
    row = database.execute(f"select {', '.join(asked)} from {files.sql}").fetchone()  # noqa: S608 - quoted
    for position, column in enumerate(columns):
        note = _Texts(*row[position * 5 : position * 5 + 5]).note
        if note:
            yield f"`{printable(column.name, one_line=True)}` is text: {note}"


class _Texts(NamedTuple):
    """What the values of a column of text are like: how many there are, how many are numbers; one that is none."""

    values: int
    numbers: int
    with_comma: int
    other: str | None
    with_zeros: str | None

    @property
    def note(self) -> str | None:
        """Why it is text though most of it are numbers; None if they are not."""
        if self.values and self.with_comma == self.values:
            return "its numbers have a comma (--decimal ,)"
        if self.with_zeros is not None and self.numbers == self.values:
            return f"{_piece(self.with_zeros)} would lose its first zeros as a number"
        if self.other is None or not MOSTLY * self.values < self.numbers:
            return None
        number, shown = self.values - self.numbers, _piece(self.other)
        what = (
            f"{format_count(number, 'value')} of {self.values:,}, such as `{shown}`, {'is' if number == 1 else 'are'}"
        )
        return f"{what} no number (--null '{shown}' makes NULL of it)"


def _piece(value: str) -> str:
    return printable(value, one_line=True)[:60]


def too_many_digits(columns: Sequence[Column]) -> Iterator[tuple[Column, str]]:
    """Yields the columns that are to be exact numbers, each with what holds for a text of more digits."""
    for column in columns:
        match = DECIMAL.fullmatch(column.target)
        digits = int(match[1]) if match else 0 if column.target.endswith("INT") or column.target == "INTEGER" else None
        if digits is not None and column.is_chosen and column.found == TEXT:
            pattern = rf"'\.[0-9]{{{digits}}}[0-9]*[1-9]'"
            yield column, f"regexp_matches({identifier(column.source)}, {pattern})"
