"""The comparison of two runs as HTML for a notebook: the graph coloured, the features, what differs in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spark_etl.compare.show import elements
from spark_etl.compare.show.commands import Commands, next_steps
from spark_etl.compare.show.diagram import diff_diagram
from spark_etl.compare.show.elements import AMBER, GREEN, RED, cell, code_diff, details, items, paragraph
from spark_etl.compare.show.feature_text import headline, notes_of, shown_code
from spark_etl.compare.show.row_html import row_html
from spark_etl.compare.show.summary import cause_text, findings, uncompared
from spark_etl.compare.show.table import COLUMNS, cells_of, left_out, shown_features
from spark_etl.drawing import as_html
from spark_etl.units import format_count

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import Cause, FeatureDiff, RunDiff

MOST_DETAILED = 30
MOST_CODE = 200  # lines of a text diff
MARKS = {"differs": RED, "differs by its inputs": AMBER, "same": GREEN}


def run_html(diff: RunDiff, commands: Commands | None = None) -> str:
    """Returns a comparison for a notebook, or for the body of a page.

    Args:
        diff: Of two runs.
        commands: How to type what is recommended; by default as in a notebook.
    """
    parts = [_head(diff), as_html(diff_diagram(diff)) if diff.features else "", _table(diff), *_features(diff)]
    parts += [*map(paragraph, uncompared(diff)), *(paragraph(f"note: {note}") for note in diff.notes)]
    steps = [paragraph(f"next: `{command}`: {why}") for command, why in next_steps(diff, commands or Commands())]
    return "".join([*parts, *steps])


def feature_html(feature: FeatureDiff) -> str:
    """Returns how one feature differs: causes, then rows."""
    return paragraph(f"`{feature.alias}`: {headline(feature)}") + _content(feature)


def _content(feature: FeatureDiff) -> str:
    parts = [_cause(cause) for cause in feature.causes]
    parts += [paragraph(str(feature.fan_out))] if feature.fan_out else []
    parts += [row_html(feature.rows)] if feature.rows is not None else []
    return "".join([*parts, *map(paragraph, notes_of(feature))])


def _head(diff: RunDiff) -> str:
    first, *others = findings(diff)
    sides = (("A", diff.a, diff.about_a), ("B", diff.b, diff.about_b))
    named = [f"{side}: {name}{f', {about}' if about else ''}" for side, name, about in sides]
    changes = [f"also changed: {change}" for change in diff.changes]
    return "".join([paragraph(first), *map(paragraph, others), items([*named, *changes])])


def _table(diff: RunDiff) -> str:
    shown = shown_features(diff)
    rest = left_out(diff, shown)
    rows = [_row(cells_of(feature)) for feature in shown]
    return elements.table(COLUMNS, rows) * bool(rows) + (paragraph(rest) if rest else "")


def _row(cells: list[str]) -> str:
    alias, state, *counts = cells
    return cell(alias) + cell(state, mark=MARKS.get(state, "")) + "".join(cell(count, right=True) for count in counts)


def _features(diff: RunDiff) -> Iterator[str]:
    """Yields what is known of each feature that differs or of which something is another, those that part first."""
    first = [diff.features[alias] for alias in diff.first if alias in diff.features]
    others = [feature for feature in diff.features.values() if feature.alias not in diff.first and _is_telling(feature)]
    for feature in [*first, *others][:MOST_DETAILED]:
        yield details(f"{feature.alias}: {headline(feature)}", _content(feature))
    more = len(first) + len(others) - MOST_DETAILED
    if more > 0:
        yield paragraph(f"and {format_count(more, 'feature')} more that differ")


def _is_telling(feature: FeatureDiff) -> bool:
    return feature.state in {"differs", "differs by its inputs"} or bool(feature.causes)


def _cause(cause: Cause) -> str:
    lines, more = shown_code(cause.text_diff, MOST_CODE)
    code = code_diff(lines, f"{format_count(more, 'line')} more" if more else "") if lines else ""
    found = [detail for detail in cause.details if detail != cause.text]
    return paragraph(f"cause: {cause_text(cause)}") + items(found) + code
