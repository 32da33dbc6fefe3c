"""Columns of texts that are moments all the same: DuckDB looks for few formats, and for one in a file.

1. With `--date-format`, those of a CSV that are written in it are read, with or without a time behind the day.
2. Without it, it is said which format that is; of JSON, which type reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from spark_etl.printable import printable
from spark_etl.reading.duck import identifier, text
from spark_etl.snapshots.columns import TEXT, Column
from spark_etl.snapshots.inputs import CSV, JSON
from spark_etl.snapshots.options import ReadOptions, spark_name
from spark_etl.snapshots.read import Relation
from spark_etl.snapshots.settle import FIRST_ROWS, ISO, fitting_ways, moment_formats, option_name, read_as
from spark_etl.snapshots.texts import DATE, LOCAL_MOMENT


def read_moments(
    database: Any, files: Relation, columns: Sequence[Column], options: ReadOptions
) -> tuple[list[Column], list[str]]:
    """Returns the columns, of which those are moments now that `--date-format` reads, and what is to be said."""
    texts = [
        column
        for column in columns
        if column.is_text and not column.is_chosen and column.found == column.target == TEXT
    ]
    if files.inputs.kind == JSON:
        return list(columns), list(_notes_of_json(database, files, texts))
    if files.inputs.kind != CSV:
        return list(columns), []
    ways = moment_formats(options)
    texts = _begun_in(database, files, texts, ways)
    found = _formats(database, files, texts, LOCAL_MOMENT, ways)
    if not options.date_format:
        return list(columns), [_note(column, found[column.source]) for column in texts if column.source in found]
    guessed = {name: way for name, way in found.items() if way != options.date_format}
    notes = [read_as(guessed[column.source], [_shown(column)]) for column in texts if column.source in guessed]
    return [_written(column, found.get(column.source)) for column in columns], notes


def _written(column: Column, way: str | None) -> Column:
    return column if way is None else replace(column, target=LOCAL_MOMENT, written=way)


def _begun_in(database: Any, files: Relation, texts: Sequence[Column], ways: Sequence[str]) -> list[Column]:
    """Returns the columns whose first texts are each written in one of some formats: of most tables, none is."""
    if not texts:
        return []
    formats = f"[{', '.join(map(text, ways))}]"
    names = [identifier(column.source) for column in texts]
    unread = (f"count({name}) filter (where try_strptime({name}, {formats}) is null)" for name in names)
    query = f"select {', '.join(unread)} from (select * from {files.sql} limit {FIRST_ROWS})"  # noqa: S608 - quoted
    return [column for column, number in zip(texts, database.execute(query).fetchone(), strict=True) if not number]


def _formats(
    database: Any, files: Relation, texts: Sequence[Column], target: str, ways: Sequence[str]
) -> dict[str, str]:
    """Returns column → the first format that all of its texts are written in, of those that have a text."""
    columns = [replace(column, target=target) for column in texts]
    if not columns:
        return {}
    fitting, _ = fitting_ways(database, files, columns, {column.source: ways for column in columns})
    found = {name: fits[0] for name, fits in fitting.items() if fits}
    if not found:
        return {}
    counted = ", ".join(f"count({identifier(name)})" for name in found)
    row = database.execute(f"select {counted} from {files.sql}").fetchone()  # noqa: S608 - quoted
    return {name: way for (name, way), number in zip(found.items(), row, strict=True) if number}


def _note(column: Column, way: str) -> str:
    return f"`{_shown(column)}` is text: its times may be written as {way} (--date-format '{way}' reads them)"


def _notes_of_json(database: Any, files: Relation, texts: Sequence[Column]) -> Iterator[str]:
    left = list(texts)
    for target in (DATE, LOCAL_MOMENT):
        found = _formats(database, files, left, target, [ISO])
        for column in left:
            if column.source in found:
                kind = spark_name(target)
                way = f"--type {option_name(column)}={kind}"
                yield f"`{_shown(column)}` is text: each of its values may be a {kind} ({way} reads them)"
        left = [column for column in left if column.source not in found]


def _shown(column: Column) -> str:
    return printable(column.name, one_line=True)
