"""The features of a comparison as the rows of a table; of a long graph those that are not the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_etl.units import format_count

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import FeatureDiff, RunDiff

COLUMNS = ("feature", "state", "A rows", "B rows", "only A", "only B", "changed")
MOST_ALL = 25  # features of a graph that is shown whole
MOST_ROWS = 40
PRESUMED = "presumed the same"
NAMES = 2  # columns that are no counts
NOTHING = {"", "0"}


def shown_features(diff: RunDiff, most: int = MOST_ROWS, whole: int = MOST_ALL) -> list[FeatureDiff]:
    """Returns the features that a table shows: those that part first, then those that differ by their inputs.

    Args:
        diff: Of two runs.
        most: At most so many.
        whole: A graph of so many features or fewer is shown with all of them.
    """
    features = [*diff.features.values()]
    if len(features) <= whole:
        return features
    by_weight = sorted((feature for feature in features if not _is_quiet(feature)), key=_weight)
    chosen = {feature.alias for feature in by_weight[:most]}
    return [feature for feature in features if feature.alias in chosen]


def left_out(diff: RunDiff, shown: list[FeatureDiff]) -> str:
    """Returns what a table does not show: `and 996 features: 990 same, 6 differ by their inputs`."""
    names = {feature.alias for feature in shown}
    rest = [feature for feature in diff.features.values() if feature.alias not in names]
    counts: dict[str, int] = {}
    for feature in rest:
        state = PRESUMED if feature.presumed_same else feature.state
        counts[state] = counts.get(state, 0) + 1
    listed = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    return f"and {format_count(len(rest), 'feature')} more: {listed}" if rest else ""


def cells_of(feature: FeatureDiff) -> list[str]:
    """Returns a row of the table."""
    rows = feature.rows
    if rows is None:
        return [feature.alias, PRESUMED if feature.presumed_same else feature.state, "", "", "", "", ""]
    changed = rows.changed if rows.keys else None
    counts = (rows.rows_a, rows.rows_b, rows.only_a, rows.only_b, changed)
    return [feature.alias, feature.state, *("" if count is None else f"{count:,}" for count in counts)]


def without_zeros(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Returns the columns and rows of the table without counts that are 0 or unknown for every feature.

    Args:
        rows: Of the table, each as `cells_of` makes it.
    """
    kept = [at for at in range(len(COLUMNS)) if at < NAMES or any(row[at] not in NOTHING for row in rows)]
    return [COLUMNS[at] for at in kept], [[row[at] for at in kept] for row in rows]


def _is_quiet(feature: FeatureDiff) -> bool:
    return feature.state == "same" or feature.presumed_same


def _weight(feature: FeatureDiff) -> int:
    return ["differs", "can't be compared", "differs by its inputs", "same"].index(feature.state)
