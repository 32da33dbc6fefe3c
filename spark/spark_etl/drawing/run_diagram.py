"""The diagram of a run, from its document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spark_etl.drawing.diagram import Diagram, Node
from spark_etl.store import FeatureRecord, OutputRecord, RunDocument
from spark_etl.units import format_bytes, format_count, format_duration


def run_diagram(document: RunDocument) -> Diagram:
    """Returns the features of a run with state, rows, size and seconds; why it failed is the failed one's reason.

    Args:
        document: Of a run that may still be going on.
    """
    nodes = [
        Node(
            alias=alias,
            upstreams=document.graph.get(alias) or (),
            state=feature.state,
            marks=tuple(_marks(alias, feature, document.outputs)),
            detail=" · ".join(_figures(feature)),
            reason=_reason(alias, feature, document),
        )
        for alias, feature in document.in_order().items()
    ]
    return Diagram(nodes, f"run {document.run_id} of {document.team}/{document.pipeline}")


def _marks(alias: str, feature: FeatureRecord, outputs: Sequence[OutputRecord]) -> Iterator[str]:
    if feature.has_checkpoint:
        yield "checkpoint"
    for state in dict.fromkeys(output.state for output in outputs if output.feature == alias):
        yield "published" if state == "succeeded" else f"publish {state}"


def _figures(feature: FeatureRecord) -> Iterator[str]:
    if feature.rows is not None:
        yield format_count(feature.rows, "row")
    if feature.bytes is not None:
        yield format_bytes(feature.bytes)
    if feature.seconds is not None:
        yield format_duration(feature.seconds)


def _reason(alias: str, feature: FeatureRecord, document: RunDocument) -> str:
    error = feature.error or (document.error if document.error and document.error.feature == alias else None)
    if error and error.message:
        return error.message
    return f"from {feature.reused_from}" if feature.reused_from else ""
