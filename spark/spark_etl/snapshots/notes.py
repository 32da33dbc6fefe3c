"""What to look at before a snapshot is written: columns that are probably meant as something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from spark_etl.printable import printable
from spark_etl.reading.duck import identifier
from spark_etl.snapshots.columns import TEXT, Column
from spark_etl.snapshots.inputs import CSV, PARQUET
from spark_etl.snapshots.options import ReadOptions
from spark_etl.snapshots.read import Relation
from spark_etl.units import format_count

MOSTLY = 0.5
DECIMAL_COMMA = "its numbers have a comma (--decimal ,)"
COMMA = "'^[+-]?[0-9.]*[0-9],[0-9]+$'"
THOUSANDS = r"'^[+-]?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?$'"
ZEROS = "'^[+-]?0[0-9]+$'"


def column_notes(
    database: Any, files: Relation, columns: Sequence[Column], options: ReadOptions, said: Sequence[str]
) -> list[str]:
    """Returns what to look at.

    Args:
        database: A connection of DuckDB's.
        files: The files.
        columns: The columns of the snapshot.
        options: What the user wants of them.
        said: What is known already of the types of texts.
    """
    notes = [*(_of_shape(database, files, columns) if files.shape else []), *said]
    if files.inputs.kind == CSV:
        guessed = [column for column in columns if _is_guessed_text(column)]
        notes += _of_texts(database, files, guessed, options.decimal)
    if files.inputs.kind != PARQUET:
        doubles = [printable(column.name, one_line=True) for column in columns if _is_guessed_double(column)]
        if doubles:
            notes.append(
                f"double is approximate, for money say --type {doubles[0]}=decimal(12,2): {', '.join(doubles)}"
            )
    return notes


def _of_shape(database: Any, files: Relation, columns: Sequence[Column]) -> Iterator[str]:
    """Yields how the rows of a CSV are written, columns without a name, and lines without a value."""
    if not files.shape:
        return
    yield files.shape.summary
    for name in files.shape.unnamed:
        yield f"a column has no name in the first line: it is called `{name}` (--rename {name}=NAME)"
    if len(columns) == 1:
        empty = f"select count(*) from {files.sql} where {identifier(columns[0].source)} is null"  # noqa: S608 - quoted
        (number,) = database.execute(empty).fetchone()
        if number:
            yield f"{format_count(number, 'row')} without a value: an empty line, too, is a row here"


def _is_guessed_text(column: Column) -> bool:
    return column.found == column.target == TEXT and not column.is_chosen


def _is_guessed_double(column: Column) -> bool:
    return column.target == "DOUBLE" and not column.is_chosen


def _of_texts(database: Any, files: Relation, columns: Sequence[Column], decimal: str) -> Iterator[str]:
    """Yields the columns of text that are mostly numbers or days, and why they are text all the same."""
    if not columns:
        return
    asked = []
    for name in (identifier(column.source) for column in columns):
        number, day = f"try_cast({name} as double) is not null", f"try_cast({name} as timestamp) is not null"
        asked += [
            f"count({name})",
            f"count(*) filter (where {number})",
            f"count(*) filter (where regexp_matches({name}, {COMMA}))",
            f"count(*) filter (where regexp_matches({name}, {THOUSANDS}))",
            f"any_value({name}) filter (where regexp_matches({name}, {COMMA}) and contains({name}, '.'))",
            f"any_value({name}) filter (where not ({number}))",
            f"any_value({name}) filter (where regexp_matches({name}, {ZEROS}))",
            f"count(*) filter (where {day})",
            f"any_value({name}) filter (where not ({day}))",
        ]
    row = database.execute(f"select {', '.join(asked)} from {files.sql}").fetchone()  # noqa: S608 - quoted
    size = len(asked) // len(columns)
    for position, column in enumerate(columns):
        name = printable(column.name, one_line=True)
        note = _Texts(*row[position * size : (position + 1) * size]).note(name, decimal)
        if note:
            yield f"`{name}` is text: {note}"


class _Texts(NamedTuple):
    """What the values of a column of text are like: how many there are, how many are numbers; one that is none."""

    values: int
    numbers: int
    with_comma: int
    with_thousands: int
    with_point: str | None
    other: str | None
    with_zeros: str | None
    days: int
    no_day: str | None

    def note(self, name: str, decimal: str) -> str | None:
        """Returns why it is text though most of it are numbers or days; None if they are not."""
        if self.numbers < self.values == self.with_thousands:
            return self._of_thousands(name, decimal)
        if self.with_comma and self.with_comma + self.numbers >= self.values:
            return self._of_commas(name, decimal)
        if self.with_zeros is not None and self.numbers == self.values:
            return f"{_piece(self.with_zeros)} would lose its first zeros as a number"
        for number, other, what in ((self.numbers, self.other, "number"), (self.days, self.no_day, "date")):
            if other is not None and number > MOSTLY * self.values:
                return self._but(self.values - number, _piece(other), what)
        return None

    def _but(self, number: int, shown: str, what: str) -> str:
        verb = "is" if number == 1 else "are"
        counted = f"{format_count(number, 'value')} of {self.values:,}, such as `{shown}`, {verb} no {what}"
        return f"{counted} (--null '{shown}' makes NULL of it)"

    def _of_thousands(self, name: str, decimal: str) -> str:
        """Returns what a comma in all numbers may be: `1,000` is one thousand, or one with three decimals."""
        way = f"in a feature: cast(replace(`{name}`, ',', '') as decimal(12,2))"
        mark = "" if decimal == "," or self.with_comma < self.values else "; if it is a decimal mark: --decimal ,"
        return f"its numbers have a comma, it seems between thousands; {way}{mark}"

    def _of_commas(self, name: str, decimal: str) -> str:
        way = f"in a feature: cast(replace(replace(`{name}`, '.', ''), ',', '.') as decimal(12,2))"
        if self.with_point is not None:
            return f"its numbers have a point between thousands, such as {_piece(self.with_point)}; {way}"
        return f"its numbers have a comma, and not all can be read; {way}" if decimal == "," else DECIMAL_COMMA


def _piece(value: str) -> str:
    return printable(value, one_line=True)[:60]
