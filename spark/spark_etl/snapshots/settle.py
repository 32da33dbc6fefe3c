"""What a column of texts is taken for: a type is kept only if all of its texts are written as that type writes them.

1. DuckDB says what the texts may be, file by file; here it is asked of all rows of all files.
2. Days and moments are of the one format that all texts of the column have.
3. A column with a text that would change stays text, and that is said.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from spark_etl.printable import printable
from spark_etl.reading.duck import identifier
from spark_etl.schemas.types import MOST_DIGITS
from spark_etl.snapshots.columns import TEXT, Column
from spark_etl.snapshots.inputs import CSV
from spark_etl.snapshots.options import ReadOptions, spark_name
from spark_etl.snapshots.read import Relation
from spark_etl.snapshots.texts import DATE, DATE_FORMATS, LOCAL_MOMENT, TIMES, has_time, rewritten

ISO = ""
LONG_NUMBER = re.compile(r"[+-]?[0-9]{16,}(?:\.([0-9]*))?")
SHOWN = 60
FIRST_ROWS = 1_000  # what does not fit these is not tried with all


def settled(
    database: Any, files: Relation, columns: Sequence[Column], options: ReadOptions
) -> tuple[list[Column], list[str]]:
    """Returns the columns with the types that all of their texts have, and what is to be said of them."""
    guessed = [column for column in columns if column.is_text and not column.is_chosen and column.target != TEXT]
    if not guessed:
        return list(columns), []
    ways = {column.source: _ways(column, files, options) for column in guessed}
    return _chosen(columns, *fitting_ways(database, files, guessed, ways), options)


def fitting_ways(
    database: Any, files: Relation, columns: Sequence[Column], ways: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Returns for each column the ways that all of its texts are written in, and a text that the first does not fit."""
    first = f"(select * from {files.sql} limit {FIRST_ROWS})"  # noqa: S608 - quoted
    begun, examples = _fitting(database, first, columns, ways)
    left = [column for column in columns if begun[column.source]]
    fitting, others = _fitting(database, files.sql, left, begun)
    return {**begun, **fitting}, {**examples, **others}


def _fitting(
    database: Any, rows: str, columns: Sequence[Column], ways: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Returns the same for some rows."""
    if not columns:
        return {}, {}
    asked = []
    for column in columns:
        source = identifier(column.source)
        for way in ways[column.source]:
            problem = rewritten(source, column.target, decimal=column.decimal, written=way or None)
            asked.append(f"any_value({source}) filter (where {problem})")
    row = iter(database.execute(f"select {', '.join(asked)} from {rows}").fetchone())  # noqa: S608 - quoted
    wrong = {column.source: [(way, next(row)) for way in ways[column.source]] for column in columns}
    fitting = {name: [way for way, text in tried if text is None] for name, tried in wrong.items()}
    return fitting, {name: str(tried[0][1]) for name, tried in wrong.items()}


def _ways(column: Column, files: Relation, options: ReadOptions) -> Sequence[str]:
    """Returns how the texts of a column may be written: days of a CSV in many ways, all else in one."""
    if files.inputs.kind != CSV or column.target not in {DATE, LOCAL_MOMENT}:
        return (ISO,)
    if column.target == LOCAL_MOMENT:
        return (ISO, *moment_formats(options))
    given = None if has_time(options.date_format) else options.date_format
    return (given,) if given else (ISO, *DATE_FORMATS)


def moment_formats(options: ReadOptions) -> list[str]:
    """Returns how moments may be written that are not as ISO 8601."""
    if options.date_format and has_time(options.date_format):
        return [options.date_format]
    days = (options.date_format,) if options.date_format else DATE_FORMATS
    return [f"{day} {time}" for day in days for time in TIMES]


def _chosen(
    columns: Sequence[Column],
    fitting: Mapping[str, Sequence[str]],
    examples: Mapping[str, str],
    options: ReadOptions,
) -> tuple[list[Column], list[str]]:
    """Returns the columns and notes; of several formats, the one that most columns have is taken."""
    counted = Counter(way for ways in fitting.values() for way in ways)
    kept: list[Column] = []
    notes: list[str] = []
    read: dict[str, list[str]] = {}
    for column in columns:
        ways = fitting.get(column.source)
        name = printable(column.name, one_line=True)
        if ways is None:
            kept.append(column)
        elif not ways:
            notes.append(f"`{name}` is text: {_why(column, examples[column.source])}")
            kept.append(replace(column, target=TEXT, converted=()))
        else:
            usual = options.date_format if options.date_format in ways else ISO
            way = usual if usual in ways else max(ways, key=lambda each: counted[each])
            kept.append(replace(column, written=way or None))
            if way and way != options.date_format:
                read.setdefault(way, []).append(name)
    return kept, [*(read_as(way, names) for way, names in read.items()), *notes]


def read_as(way: str, names: Sequence[str]) -> str:
    """Returns the note about columns whose format was guessed."""
    if way.endswith(TIMES):
        return f"times are read as {way}: {', '.join(names)} (--type {names[0]}=string keeps them as they are)"
    return f"dates are read as {way}: {', '.join(names)} (--date-format says another)"


def _why(column: Column, example: str) -> str:
    shown = printable(example, one_line=True)[:SHOWN]
    if column.target in {DATE, LOCAL_MOMENT}:
        return f"its days are not all written in one way, such as `{shown}`"
    match = LONG_NUMBER.fullmatch(example.strip().replace(column.decimal, "."))
    as_found = spark_name(column.target)
    kind = f"decimal({MOST_DIGITS},{len(match[1] or '')})" if match else as_found
    fits = match is None or sum(map(str.isdigit, match[0])) <= MOST_DIGITS
    way = f" (--type {option_name(column)}={kind} converts it)" if fits else ""
    return f"`{shown}` would not stay as it is written as {as_found}{way}"


def option_name(column: Column) -> str:
    """Returns what a column is called in an option."""
    name = printable(column.source, one_line=True)
    return name if name.isidentifier() else shlex.quote(name)
