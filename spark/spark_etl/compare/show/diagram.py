"""The graph of a comparison: each feature by its state; of a long one the part that differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spark_etl.compare.show.summary import cause_text
from spark_etl.compare.show.table import PRESUMED, shown_features
from spark_etl.drawing import Diagram, Node

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import FeatureDiff, RunDiff

MOST_DRAWN = 80


def diff_diagram(diff: RunDiff) -> Diagram:
    """Returns the features with their states; of more than can be looked at those that differ and what they read."""
    title = f"{diff.a} and {diff.b}"
    features = [*diff.features.values()]
    if len(features) > MOST_DRAWN:
        chosen = shown_features(diff, most=MOST_DRAWN // 2)
        read = [name for feature in chosen for name in feature.upstreams]
        names = dict.fromkeys([*(feature.alias for feature in chosen), *read])
        drawn = set(list(names)[:MOST_DRAWN])
        title += f", {len(drawn):,} of {len(features):,} features"
        features = [feature for feature in features if feature.alias in drawn]
    return Diagram([_node(feature, diff) for feature in features], title)


def _node(feature: FeatureDiff, diff: RunDiff) -> Node:
    return Node(
        alias=feature.alias,
        upstreams=feature.upstreams,
        state=PRESUMED if feature.presumed_same else feature.state,
        marks=("first",) if feature.alias in diff.first else (),
        detail=" · ".join(_counts(feature)),
        reason="; ".join(filter(None, [feature.reason, *map(cause_text, feature.causes)])),
    )


def _counts(feature: FeatureDiff) -> Iterator[str]:
    rows = feature.rows
    if rows is None or rows.same:
        return
    if rows.only_a:
        yield f"{rows.only_a:,} only A"
    if rows.only_b:
        yield f"{rows.only_b:,} only B"
    if rows.changed:
        yield f"{rows.changed:,} changed"
    if not rows.schema.same:
        yield "other columns"
