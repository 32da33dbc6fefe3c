"""Where the seconds of a run went, as parts that add up to the whole, whatever ran at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Of a moment in which several are under way, the first of these counts.
PHASES = (
    ("starting Spark", "start Spark"),
    ("planning and computing", "feature "),
    ("publishing", "publish "),
    ("publishing", "let "),
)
ELSE = "else"

Interval = tuple[float, float]


def phases(trace: Mapping[str, Any] | None, seconds: float) -> dict[str, float]:
    """Returns part → seconds, of a run that took so many; empty where no timings were kept.

    Args:
        trace: OTLP/JSON, as run.json has it.
        seconds: All that the run took.
    """
    spans = list(_spans(trace or {}))
    if not spans:
        return {}
    parts = dict.fromkeys([part for part, _ in PHASES], 0.0)
    counted: list[Interval] = []
    for part, prefix in PHASES:
        counted_before = _length(counted)
        counted = _union([*counted, *(interval for name, interval in spans if name.startswith(prefix))])
        parts[part] += _length(counted) - counted_before
    return {**parts, ELSE: max(seconds - _length(counted), 0.0)}


def phases_text(trace: Mapping[str, Any] | None, seconds: float) -> str:
    """Returns `42.1 s: starting Spark 18.2, planning and computing 12.0, …`; empty where it is not known."""
    known = phases(trace, seconds)
    shown = ", ".join(f"{part} {taken:.1f}" for part, taken in known.items() if taken >= 0.05)
    return f"{seconds:.1f} s: {shown}" if shown else ""


def _spans(trace: Mapping[str, Any]) -> Iterator[tuple[str, Interval]]:
    """Yields the name of each span with its beginning and end in seconds; what is none is left out."""
    for resource in _dicts(trace, "resourceSpans"):
        for scope in _dicts(resource, "scopeSpans"):
            for span in _dicts(scope, "spans"):
                try:
                    began, ended = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
                    yield str(span["name"]), (began / 1e9, ended / 1e9)
                except (KeyError, TypeError, ValueError):
                    continue


def _dicts(part: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Returns the objects of a list that anybody may have written; none where it is no list."""
    found = part.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _union(intervals: list[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for began, ended in sorted(intervals):
        if merged and began <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], ended)
        else:
            merged.append((began, ended))
    return merged


def _length(intervals: list[Interval]) -> float:
    return sum(ended - began for began, ended in intervals)
