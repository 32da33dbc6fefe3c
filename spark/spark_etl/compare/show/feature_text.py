"""One feature of a comparison, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spark_etl.compare.show.lines import fold, fold_all, fold_code
from spark_etl.compare.show.summary import cause_text
from spark_etl.units import format_count

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import Cause, FeatureDiff

MOST_CODE = 40  # lines of a text diff
MOST_DETAILS = 8
SIDES = {(): "", ("A",): "its rows of A were computed again", ("B",): "its rows of B were computed again"}


def feature_text(feature: FeatureDiff, *, width: int | None = None, all_code: str = "") -> str:
    """Returns how one feature differs: causes, then rows.

    Args:
        feature: Of two runs.
        width: Of the terminal; None: lines are not folded.
        all_code: The command that shows the text diff where it is cut.
    """
    return "\n".join(_lines(feature, width, all_code))


def _lines(feature: FeatureDiff, width: int | None, all_code: str) -> Iterator[str]:
    yield from fold(f"{feature.alias}: {headline(feature)}", width)
    for cause in feature.causes:
        yield from _cause_lines(cause, width, all_code)
    if feature.fan_out:
        yield from fold(str(feature.fan_out), width, indent=2)
    if feature.rows is not None:
        which, *differences = str(feature.rows).splitlines()
        yield from fold_all([which, *differences] if feature.computed else differences, width, indent=2)
    yield from fold_all(notes_of(feature), width, indent=2)


def headline(feature: FeatureDiff) -> str:
    """Returns the state of a feature with its reason."""
    presumed = "presumed to be the same" if feature.presumed_same else ""
    return "; ".join(filter(None, [feature.state, feature.reason, presumed]))


def notes_of(feature: FeatureDiff) -> list[str]:
    """Returns what else is to be known of a feature."""
    computed = SIDES.get(feature.computed, "its rows of both sides were computed again")
    return [f"note: {note}" for note in (computed, *feature.notes) if note]


def shown_code(text_diff: str, most: int = MOST_CODE) -> tuple[list[str], int]:
    """Returns the first lines of a text diff, and how many more there are."""
    lines = text_diff.splitlines()
    return (lines, 0) if len(lines) <= most else (lines[:most], len(lines) - most)


def _cause_lines(cause: Cause, width: int | None, all_code: str) -> Iterator[str]:
    yield from fold(f"cause: {cause_text(cause)}", width, indent=2)
    details = [detail for detail in cause.details if detail != cause.text]
    yield from fold_all(details[:MOST_DETAILS], width, indent=4)
    if len(details) > MOST_DETAILS:
        yield f"    and {len(details) - MOST_DETAILS:,} more"
    lines, more = shown_code(cause.text_diff)
    for line in lines:
        yield from fold_code(line, width, indent=4)
    if more:
        yield f"    … {format_count(more, 'line')} more{f': {all_code}' if all_code else ''}"
