"""The state of a feature as it is shown: the rows of one without a checkpoint come with what reads or publishes it."""

from __future__ import annotations

from collections.abc import Sequence

from spark_etl.storage import name_of
from spark_etl.store.document import RunDocument
from spark_etl.store.records import FeatureRecord, OutputRecord

NOT_COMPUTED = "planned, not computed"
COMPUTED = "computed"
PUBLISHED = "published"


def is_lazy(feature: FeatureRecord) -> bool:
    """Returns whether only the feature's query was made: its rows are computed with what reads or publishes it."""
    return not feature.has_checkpoint and feature.state in {"built", "succeeded"}


def shown_state(document: RunDocument, alias: str) -> str:
    """Returns the state of a feature, or what has become of one that is lazy."""
    feature = document.features[alias]
    if not is_lazy(feature):
        return feature.state
    return _state_of_outputs([output for output in document.outputs if output.feature == alias])


def state_text(document: RunDocument, alias: str, *, died: bool = False) -> str:
    """Returns the same with which run a feature was reused from.

    Args:
        document: The run.
        alias: The feature.
        died: Whether the run has ended without a word: so has a feature that was being computed.
    """
    feature = document.features[alias]
    if feature.reused_from:
        return f"reused from {name_of(feature.reused_from)}"
    return "died" if feature.state == "running" and died else shown_state(document, alias)


def publishing_seconds(document: RunDocument) -> dict[str, float]:
    """Returns feature → what writing its outputs took; it is computed then, unless it has a checkpoint."""
    taken: dict[str, float] = {}
    for output in document.outputs:
        if output.seconds is not None:
            taken[output.feature] = taken.get(output.feature, 0.0) + output.seconds
    return taken


def _state_of_outputs(outputs: Sequence[OutputRecord]) -> str:
    if any(output.state == "succeeded" for output in outputs):
        return PUBLISHED
    return COMPUTED if any(output.rows is not None for output in outputs) else NOT_COMPUTED
