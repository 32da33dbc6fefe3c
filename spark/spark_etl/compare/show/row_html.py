"""How the rows and the columns of two frames differ, as HTML: counts, then samples of both sides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from spark_etl.compare.show.elements import AMBER, GREEN, RED, cell, paragraph, table
from spark_etl.units import format_count

if TYPE_CHECKING:
    from spark_etl.compare.frames.diff import KeyDuplicates, RowDiff, RowPair, SampleRow
    from spark_etl.compare.frames.schema import SchemaDiff

MOST_COLUMNS = 20  # of a sample
MOST_CHANGED = 30  # columns that are counted
MOST_CHARS = 200  # of a value
MOST_SAMPLES = 10
NUMBERS = (int, float)


def schema_html(schema: SchemaDiff) -> str:
    """Returns a table of the columns that differ."""
    if schema.same:
        return paragraph("The columns are the same.")
    rows = [cell(name) + cell(kind, mark=RED) + cell("") for name, kind in schema.only_a.items()]
    rows += [cell(name) + cell("") + cell(kind, mark=GREEN) for name, kind in schema.only_b.items()]
    rows += [cell(name) + cell(a, mark=AMBER) + cell(b, mark=AMBER) for name, (a, b) in schema.changed.items()]
    return table(("column", "type in A", "type in B"), rows, "Columns that differ")


def row_html(rows: RowDiff) -> str:
    """Returns how rows differ: schema first, then duplicate keys, counts, and samples with the changed cells marked."""
    return "".join(_parts(rows))


def _parts(rows: RowDiff) -> Iterator[str]:
    yield paragraph(
        f"A: {rows.a}, {format_count(rows.rows_a, 'row')}. B: {rows.b}, {format_count(rows.rows_b, 'row')}. "
        f"{verdict(rows)}"
    )
    if not rows.schema.same:
        yield schema_html(rows.schema)
    for side, duplicates in (("A", rows.duplicates_a), ("B", rows.duplicates_b)):
        if duplicates is not None:
            yield _duplicates(side, duplicates)
    for name, reason in rows.not_compared.items():
        yield paragraph(f"`{name}` is not compared: {reason}")
    yield from map(paragraph, rows.notes)
    if rows.changed_columns:
        counted = list(rows.changed_columns.items())[:MOST_CHANGED]
        cells = [cell(name) + cell(f"{count:,}", right=True) for name, count in counted]
        yield table(("column", "changed"), cells, f"Keys of both sides with other values: {rows.changed:,}")
    yield _samples(rows)


def verdict(rows: RowDiff) -> str:
    """Returns in a sentence whether the rows are the same, and how they were compared."""
    how = f"by {', '.join(rows.keys)} ({rows.keys_from})" if rows.keys else "as a multiset"
    tolerance = f", numbers within {rows.tolerance:g}" if rows.tolerance is not None else ""
    if rows.same_rows:
        return f"Compared {how}{tolerance}: the rows are the same."
    changed = f", {rows.changed:,} changed" if rows.keys else ""
    return f"Compared {how}{tolerance}: {rows.only_a:,} only in A, {rows.only_b:,} only in B{changed}."


def _duplicates(side: str, found: KeyDuplicates) -> str:
    text = paragraph(f"{side} has {format_count(found.rows, 'row')} that share {format_count(found.keys, 'key')}.")
    if not found.samples:
        return text
    columns = list(found.samples[0].values)[:MOST_COLUMNS]
    rows = [
        "".join(_value_cell(row.values.get(name)) for name in columns) + cell(f"{row.times:,}", right=True)
        for row in found.samples[:MOST_SAMPLES]
    ]
    return text + table((*columns, "rows"), rows, f"Keys that several rows of {side} have")


def _samples(rows: RowDiff) -> str:
    paired = {id(row) for pair in rows.pairs for row in (pair.a, pair.b)}
    sides = (("A", rows.samples_a), ("B", rows.samples_b))
    alone = [(side, row) for side, samples in sides for row in samples if id(row) not in paired][: 2 * MOST_SAMPLES]
    columns = _columns(rows, [row for _, row in alone])
    if not columns:
        return ""
    body = [line for pair in rows.pairs[:MOST_SAMPLES] for line in _pair_rows(pair, columns)]
    body += [_sample_row(side, row, columns, {"A": RED, "B": GREEN}[side]) for side, row in alone]
    return table(("", *columns), body, _caption(rows, len(columns)))


def _caption(rows: RowDiff, columns: int) -> str:
    total = len({name for row in _all_rows(rows) for name in row.values})
    cut = f"; {columns:,} of {format_count(total, 'column')}" if total > columns else ""
    return f"The first rows that differ{cut}"


def _columns(rows: RowDiff, alone: list[SampleRow]) -> list[str]:
    """Returns the columns that samples show: keys, then those that differ, then the others."""
    changed = [name for pair in rows.pairs for name in pair.columns]
    every = [name for row in [*(pair.a for pair in rows.pairs), *alone] for name in row.values]
    return list(dict.fromkeys([*rows.keys, *changed, *every]))[:MOST_COLUMNS]


def _all_rows(rows: RowDiff) -> Iterator[SampleRow]:
    for pair in rows.pairs:
        yield from (pair.a, pair.b)
    yield from (*rows.samples_a, *rows.samples_b)


def _pair_rows(pair: RowPair, columns: Sequence[str]) -> Iterator[str]:
    for side, row, colour in (("A", pair.a, RED), ("B", pair.b, GREEN)):
        cells = (_value_cell(row.values.get(name), mark=colour if name in pair.columns else "") for name in columns)
        yield cell(side) + "".join(cells)


def _sample_row(side: str, row: SampleRow, columns: Sequence[str], colour: str) -> str:
    times = f", {row.times:,} times" if row.times > 1 else ""
    cells = (_value_cell(row.values[name]) if name in row.values else cell("") for name in columns)
    return cell(f"only {side}{times}", mark=colour) + "".join(cells)


def _value_cell(value: Any, mark: str = "") -> str:
    is_number = isinstance(value, NUMBERS) and not isinstance(value, bool)
    return cell(shown_value(value), mark=mark, right=is_number)


def shown_value(value: Any) -> str:
    """Returns a value as samples show it, cut if it is long."""
    text = "NULL" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"
