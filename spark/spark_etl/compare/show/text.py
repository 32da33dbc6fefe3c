"""The comparison of two runs as text: the answer first, then the features, then what differs in those that part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from spark_etl.compare.show.commands import Commands, next_steps
from spark_etl.compare.show.feature_text import feature_text
from spark_etl.compare.show.lines import fold, fold_all
from spark_etl.compare.show.summary import cause_text, findings, in_state, uncompared
from spark_etl.compare.show.table import COLUMNS, NOTHING, cells_of, left_out, shown_features, without_zeros
from spark_etl.printable import printable
from spark_etl.reading.tables import text_table
from spark_etl.units import format_count

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import RunDiff

MOST_DETAILED = 5  # features with their causes and rows
MOST_BRACKETS = 5
MOST_NAMED = 10
COUNTS = COLUMNS[2:]


def run_text(diff: RunDiff, *, width: int | None = None, commands: Commands | None = None) -> str:
    """Returns a comparison for a terminal.

    Args:
        diff: Of two runs.
        width: Of the terminal; None: lines are not folded.
        commands: How to type what is recommended; by default as in a notebook.
    """
    given = commands or Commands()
    parts = [_head(diff, width), _table(diff, width), *_details(diff, width, given), _rest(diff, width)]
    parts.append(_next(diff, given))
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines)


def _head(diff: RunDiff, width: int | None) -> Iterator[str]:
    first, *others = findings(diff)
    yield from fold(first, width, hanging=0)
    yield from fold_all(others, width, indent=2)
    for side, name, about in (("A", diff.a, diff.about_a), ("B", diff.b, diff.about_b)):
        yield from fold(f"{side}: {name}{f', {about}' if about else ''}", width)
    yield from fold_all((f"also changed: {change}" for change in diff.changes), width)


def _table(diff: RunDiff, width: int | None) -> Iterator[str]:
    shown = shown_features(diff)
    rows = [cells_of(feature) for feature in shown]
    table = text_table(COLUMNS, rows).splitlines() if rows else []
    if not _fits(table, width):
        table = text_table(*without_zeros(rows)).splitlines()
    if width is not None and not _fits(table, width):
        table = [line for row in rows for line in _as_list(row, width)]
    yield from table
    yield from fold_all(filter(None, [left_out(diff, shown)]), width)


def _fits(lines: Iterable[str], width: int | None) -> bool:
    return width is None or all(len(line) <= width for line in lines)


def _as_list(row: list[str], width: int) -> list[str]:
    """Returns a row where the terminal is too narrow for the table: a sentence of what is known, without zeros."""
    alias, state, *counts = row
    known = [f"{name} {count}" for name, count in zip(COUNTS, counts, strict=True) if count not in NOTHING]
    return fold(f"{alias}: {', '.join([state, *known])}", width)


def _details(diff: RunDiff, width: int | None, commands: Commands) -> Iterator[Iterator[str]]:
    first = [feature for alias in diff.first if (feature := diff.features.get(alias))]
    code = commands.code(diff)
    chosen = [*first] or [feature for feature in diff.features.values() if feature.state == "differs"]
    asked = diff.features.get(commands.feature)
    chosen += [asked] if asked and asked.state == "differs by its inputs" else []
    for feature in chosen[:MOST_DETAILED]:
        yield iter(feature_text(feature, width=width, all_code=code).splitlines())
    others = [feature.alias for feature in chosen[MOST_DETAILED:]]
    if others:
        yield iter(fold(f"As much is known of {', '.join(others[:MOST_NAMED])}: --feature FEATURE", width))
    if not first:
        yield _bracket_details(diff, width, code)


def _bracket_details(diff: RunDiff, width: int | None, code: str) -> Iterator[str]:
    """Yields what is another in the features in which two runs may part."""
    for bracket in diff.brackets[:MOST_BRACKETS]:
        for alias in bracket.suspects:
            feature = diff.features.get(alias)
            if feature is not None and feature.state != "differs":
                yield from feature_text(replace(feature, rows=None), width=width, all_code=code).splitlines()


def _rest(diff: RunDiff, width: int | None) -> Iterator[str]:
    """Yields what else is another in features that differ by their inputs, and the notes."""
    own = [feature for feature in in_state(diff, "differs by its inputs") if feature.causes or feature.fan_out]
    if own:
        yield from fold("Of features that differ by their inputs:", width)
    for feature in own[:MOST_NAMED]:
        found = [*map(cause_text, feature.causes), *([str(feature.fan_out)] if feature.fan_out else [])]
        yield from fold(f"{feature.alias}: {'; '.join(found)}", width, indent=2)
    if len(own) > MOST_NAMED:
        yield f"  and {format_count(len(own) - MOST_NAMED, 'feature')} more"
    yield from fold_all(uncompared(diff), width)
    yield from fold_all((f"note: {note}" for note in diff.notes), width)


def _next(diff: RunDiff, commands: Commands) -> Iterator[str]:
    """Yields commands, each on a line that is not folded: it is copied."""
    for number, (command, purpose) in enumerate(next_steps(diff, commands)):
        lead = "next: " if number == 0 else "      "
        yield printable(f"{lead}{command}", one_line=True)
        yield f"        {purpose}"
