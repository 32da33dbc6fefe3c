"""What the page of a run shows, made of its document; everything in it was written by somebody else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from spark_etl.drawing import as_svg, run_diagram
from spark_etl.errors import DamagedError
from spark_etl.store import (
    NOT_COMPUTED,
    REPLAY,
    FeatureRecord,
    RunDocument,
    SourceRecord,
    StoredRun,
    imported_text,
    is_lazy,
    publishing_seconds,
    state_text,
)
from spark_etl.units import format_bytes, format_count, format_duration

from sandbox_hub.runs.access import path_of
from sandbox_hub.runs.limits import (
    LARGEST_INPUTS,
    LOG_LINES,
    LONGEST_TEXT,
    MOST_EDGES,
    MOST_GRAPH,
    MOST_OBJECTS,
    MOST_SOURCES,
)
from sandbox_hub.runs.listing import DAMAGED, DIED, status_of

LONGEST_SECONDS = 1e9


@dataclass(frozen=True)
class FeatureRow:
    """A line of the table of features.

    Attributes:
        state: With the run that it was reused from.
        kept: Whether its rows are.
        rows: As text; empty where nobody counted them.
        computing: Seconds; empty where it was computed with what reads it.
        tone: `good`, `bad` or `neutral`.
    """

    alias: str
    state: str
    kept: bool
    rows: str
    size: str
    computing: str
    publishing: str
    tone: str


@dataclass(frozen=True)
class Source:
    """What a feature had read that no feature computes.

    Attributes:
        feature: Who read it.
        name: As which source.
        text: What it is.
        figures: How many objects, of which size.
        objects: Some of them.
    """

    feature: str
    name: str
    text: str
    figures: str
    objects: tuple[str, ...]


@dataclass(frozen=True)
class RunView:
    """A run, as its page shows it.

    Attributes:
        path: Below the scratch path.
        status: As it is recorded, or `died`, or `damaged`.
        took: How long, or for how long it has been going on.
        failed_at: The feature that it failed at; empty if none.
        stop_by: Who has asked it to stop; empty if nobody has, or it has ended.
    """

    path: str
    document: RunDocument
    status: str
    took: str
    failed_at: str
    stop_by: str = ""

    @property
    def run_id(self) -> str:
        """Its id."""
        return self.path.rpartition("/")[2]

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self.status == "running"

    @property
    def is_replay(self) -> bool:
        """Whether it is one feature of another run, computed once more."""
        return self.document.kind == REPLAY and self.document.replay is not None

    @property
    def can_be_debugged(self) -> bool:
        """Whether a debug notebook of one of its features can be made."""
        code = self.document.code
        return not self.is_running and self.status != DAMAGED and code is not None and bool(code.sha256)

    @property
    def name(self) -> str:
        """What finds it in a notebook: the id, or the path of a user's own."""
        return self.path if self.path.startswith("users/") else self.run_id

    @property
    def sample(self) -> str:
        """Which rows of its sources it has seen."""
        return ", ".join(f"{name} {_text(value)}" for name, value in (self.document.sample or {}).items())

    @property
    def imported(self) -> str:
        """Where it was imported from; empty of a run that was not."""
        return imported_text(self.document)[:LONGEST_TEXT]

    @property
    def error_text(self) -> str:
        """What the run failed with, without the feature's name before it."""
        message = (self.document.error.message if self.document.error else None) or ""
        return message.removeprefix(f"feature `{self.failed_at}` failed: ")[:LONGEST_TEXT]

    @property
    def notified(self) -> str:
        """Whom a failure is mailed to; empty if nobody is."""
        known = (self.document.options or {}).get("notify")
        return ", ".join(map(str, known)) if isinstance(known, list) else str(known or "")

    def rows(self) -> list[FeatureRow]:
        """Returns the features in the order in which they run."""
        publishing = publishing_seconds(self.document)
        return [
            _row(self.document, alias, feature, publishing.get(alias), died=self.status == DIED)
            for alias, feature in self.document.in_order().items()
        ]

    def graph(self, prefix: str, *, whole: bool = False) -> str:
        """Returns the drawing of the graph, whose boxes lead to the features' pages; empty where it is too large.

        Args:
            prefix: The address of the run's page.
            whole: Whether it is drawn however large it is.
        """
        if not self.document.features or (len(self.document.features) > MOST_GRAPH and not whole):
            return ""
        if sum(map(len, self.document.graph.values())) > MOST_EDGES:
            return ""
        links = {alias: f"{prefix}/features/{quote(alias, safe='')}" for alias in self.document.features}
        return as_svg(run_diagram(self.document), name="run", links=links)

    def settings(self) -> list[tuple[str, str]]:
        """Returns what it was started with, besides what the page says at its top."""
        document = self.document
        known = {
            name: value
            for name, value in (document.options or {}).items()
            if value is not None and value not in ("", []) and value is not False
        }
        return [(name.replace("_", "-"), _text(value)) for name, value in known.items()]

    def parameters(self) -> list[tuple[str, str]]:
        """Returns feature → its parameters, of those that have any."""
        features = self.document.config.get("features")
        found = features.items() if isinstance(features, Mapping) else ()
        known = {alias: _without_class(entry) for alias, entry in found if isinstance(entry, Mapping)}
        return [(str(alias), _text(values)) for alias, values in known.items() if values]

    def versions(self) -> list[tuple[str, str]]:
        """Returns what ran it: of Python, libraries and jars."""
        return [(str(name), _text(value)) for name, value in self.document.versions.items()]


def view_of(run: StoredRun, document: RunDocument) -> RunView:
    """Returns what the page of a run shows."""
    status = status_of(run, document)
    error = document.error
    return RunView(
        path=path_of(run),
        document=document,
        status=status,
        took=_took(document, status),
        failed_at=(error.feature or "") if error else "",
        stop_by=(run.stop_requested_by() or "") if status == "running" else "",
    )


def sources_of(run: StoredRun) -> tuple[list[Source], str]:
    """Returns what the features had read, and why that is not shown, or not all of it."""
    try:
        inputs = run.inputs(largest=LARGEST_INPUTS)
    except DamagedError as error:
        return [], f"What it read can't be shown here: {error.message}."
    if inputs is None:
        return [], "What it read was not recorded."
    found = [
        _source(alias, name, read)
        for alias, feature in inputs.features.items()
        for name, read in feature.sources.items()
        if isinstance(read, SourceRecord)
    ]
    more = len(found) - MOST_SOURCES
    return found[:MOST_SOURCES], f"{format_count(more, 'source')} more are not shown." if more > 0 else ""


def log_tail(text: str) -> tuple[str, bool]:
    """Returns the last lines of a log, and whether there are more."""
    lines = text.rstrip("\n").split("\n")
    tail = "\n".join(lines[-LOG_LINES:])[-LONGEST_TEXT:]
    return tail, len(tail) < len(text.rstrip("\n"))


def _row(
    document: RunDocument, alias: str, feature: FeatureRecord, publishing: float | None, *, died: bool
) -> FeatureRow:
    state = state_text(document, alias, died=died)
    is_good = feature.state in {"succeeded", "reused"} and state != NOT_COMPUTED
    tone = "bad" if feature.state == "failed" else "good" if is_good else "neutral"
    return FeatureRow(
        alias=alias,
        state=state,
        kept=feature.has_checkpoint,
        rows="" if feature.rows is None else f"{feature.rows:,}",
        size="" if feature.bytes is None else format_bytes(feature.bytes),
        computing="" if feature.seconds is None or is_lazy(feature) else f"{feature.seconds:.1f}",
        publishing="" if publishing is None else f"{publishing:.1f}",
        tone=tone,
    )


def _source(alias: str, name: str, read: SourceRecord) -> Source:
    size = sum(each.bytes or 0 for each in read.objects)
    figures = f"{format_count(len(read.objects), 'object')}, {format_bytes(size)}" if read.objects else ""
    shown = [each.path.removeprefix("s3a://") for each in read.objects[:MOST_OBJECTS]]
    more = len(read.objects) - len(shown)
    return Source(alias, name, read.source[:LONGEST_TEXT], figures, (*shown, *([f"and {more:,} more"] if more else [])))


def _took(document: RunDocument, status: str) -> str:
    if document.seconds is not None:
        return format_duration(document.seconds) if 0 <= document.seconds < LONGEST_SECONDS else ""
    if status != "running" or not document.started:
        return ""
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(document.started)).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f"{format_duration(max(seconds, 0))} until now"


def _without_class(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in entry.items() if name != "class"}


def _text(value: Any) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= LONGEST_TEXT else f"{shown[:LONGEST_TEXT]}…"
