"""The diagram of a run, from its run.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spark_etl.drawing.diagram import Diagram, Node
from spark_etl.units import format_bytes, format_count, format_duration


def run_diagram(content: Mapping[str, Any]) -> Diagram:
    """Returns the features of a run with state, rows, size and seconds; why it failed is the failed one's reason.

    Args:
        content: All of run.json, of a run that may still be going on.
    """
    features, graph = content.get("features") or {}, content.get("graph") or {}
    outputs = content.get("publish") or []
    nodes = [
        Node(
            alias=alias,
            upstreams=graph.get(alias) or (),
            state=str(features[alias].get("state") or ""),
            marks=tuple(_marks(alias, features[alias], outputs)),
            detail=" · ".join(_figures(features[alias])),
            reason=_reason(alias, features[alias], content.get("error") or {}),
        )
        for alias in content.get("order") or features
        if alias in features
    ]
    return Diagram(nodes, f"run {content.get('run_id')} of {content.get('team')}/{content.get('pipeline')}")


def _marks(alias: str, feature: Mapping[str, Any], outputs: list[Mapping[str, Any]]) -> Iterator[str]:
    if feature.get("bytes") is not None:
        yield "checkpoint"
    for state in dict.fromkeys(output.get("state") for output in outputs if output.get("feature") == alias):
        yield "published" if state == "succeeded" else f"publish {state}"


def _figures(feature: Mapping[str, Any]) -> Iterator[str]:
    rows, size, seconds = (feature.get(key) for key in ("rows", "bytes", "seconds"))
    if rows is not None:
        yield format_count(rows, "row")
    if size is not None:
        yield format_bytes(size)
    if seconds is not None:
        yield format_duration(seconds)


def _reason(alias: str, feature: Mapping[str, Any], error: Mapping[str, Any]) -> str:
    failed = feature.get("error") or (error if error.get("feature") == alias else {})
    if failed.get("message"):
        return str(failed["message"])
    reused = feature.get("reused_from")
    return f"from {reused}" if reused else ""
