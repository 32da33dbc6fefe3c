"""The diagram of a run, from its document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spark_etl.drawing.diagram import Diagram, Node
from spark_etl.store import REPLAY, FeatureRecord, OutputRecord, RunDocument, is_lazy, publishing_seconds, shown_state
from spark_etl.units import format_bytes, format_count, format_duration


def run_diagram(document: RunDocument) -> Diagram:
    """Returns the features of a run with state, rows, size and seconds; why it failed is the failed one's reason.

    Args:
        document: Of a run that may still be going on.
    """
    publishing = publishing_seconds(document)
    nodes = [
        Node(
            alias=alias,
            upstreams=document.graph.get(alias) or (),
            state=shown_state(document, alias),
            marks=tuple(_marks(alias, feature, document.outputs)),
            detail=" · ".join(_figures(feature, publishing.get(alias) if is_lazy(feature) else feature.seconds)),
            reason=_reason(alias, feature, document),
        )
        for alias, feature in document.in_order().items()
    ]
    what = "replay" if document.kind == REPLAY else "run"
    return Diagram(nodes, f"{what} {document.run_id} of {document.team}/{document.pipeline}")


def _marks(alias: str, feature: FeatureRecord, outputs: Sequence[OutputRecord]) -> Iterator[str]:
    if feature.has_checkpoint:
        yield "checkpoint"
    for state in dict.fromkeys(output.state for output in outputs if output.feature == alias):
        if state == "succeeded" and is_lazy(feature):
            continue  # it is its state
        yield "published" if state == "succeeded" else f"publish {state}"


def _figures(feature: FeatureRecord, seconds: float | None) -> Iterator[str]:
    if feature.rows is not None:
        yield format_count(feature.rows, "row")
    if feature.bytes is not None:
        yield format_bytes(feature.bytes)
    if seconds is not None:
        yield format_duration(seconds)


def _reason(alias: str, feature: FeatureRecord, document: RunDocument) -> str:
    error = feature.error or (document.error if document.error and document.error.feature == alias else None)
    if error and error.message:
        return error.message
    return f"from {feature.reused_from}" if feature.reused_from else ""
