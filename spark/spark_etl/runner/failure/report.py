"""What is known of a failure when it has just happened: reason, frames, query plan and SQL metrics.

It is told of a session in which something has gone wrong, so each part may fail or hang: then a note stands for it.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from spark_etl.runner.failure.error import reason_of, user_frames

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MOST_TRACEBACK = 200_000
MOST_PLAN = 200_000
MOST_EXECUTIONS = 20
MOST_METRICS = 200
MOST_VALUE = 500
SETTLE_MILLISECONDS = 2_000
PATIENCE_SECONDS = 10.0

T = TypeVar("T")


class Witness(Protocol):
    """What is asked of the session: two of a `Backend`'s methods."""

    def explain(self, frame: DataFrame) -> str:
        """Returns the plans of a DataFrame as text."""
        ...

    def failed_metrics(self, group: str) -> list[dict[str, Any]]:
        """Returns the SQL metrics of the group's failed executions."""
        ...


def autopsy(
    backend: Witness, alias: str, frame: DataFrame | None, error: BaseException, project: Path
) -> dict[str, Any]:
    """Returns what can be told of a feature that failed; never raises, and takes seconds at most.

    Args:
        backend: The session it failed in.
        alias: The feature.
        frame: What its transform returned, if it came so far.
        error: What was raised.
        project: The folder of the user's code.

    Returns:
        `feature`, `type`, `message`, `frames` (the project's own), `traceback` (all of it), `plan` (text, None without
        a frame), `metrics` (of the failed SQL executions) and `notes` (what could not be told, and why).
    """
    notes: list[str] = []
    told = error if isinstance(error, Exception) else Exception(str(error))
    plan = None if frame is None else _within(lambda: backend.explain(frame), "the plan", notes)
    metrics = _within(lambda: _metrics_of(backend, alias), "the metrics", notes)
    return {
        "feature": alias,
        "type": type(error).__name__,
        "message": _within(lambda: reason_of(told), "the reason", notes) or type(error).__name__,
        "frames": _within(lambda: user_frames(told, project), "the frames", notes) or "",
        "traceback": _end("".join(traceback.format_exception(error)), MOST_TRACEBACK),
        "plan": None if plan is None else _start(plan, MOST_PLAN),
        "metrics": (metrics or [])[:MOST_METRICS],
        "notes": notes,
    }


def _metrics_of(backend: Witness, alias: str) -> list[dict[str, Any]]:
    return [entry for group in (alias, f"publish:{alias}") for entry in backend.failed_metrics(group)]


def _within(tell: Callable[[], T], what: str, notes: list[str]) -> T | None:
    """Returns what is told, or None and a note if it raises or takes too long."""
    told: list[T] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            told.append(tell())
        except Exception as error:  # noqa: BLE001 - of a session that has just failed, anything may be gone
            failed.append(error)

    thread = threading.Thread(target=ask, name="autopsy", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    if told:
        return told[0]
    why = _brief(failed[0]) if failed else f"no answer within {PATIENCE_SECONDS:.0f}s"
    notes.append(f"{what} can't be told: {why}")
    return None


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _start(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… {len(text) - most:,} characters more"


def _end(text: str, most: int) -> str:
    return text if len(text) <= most else f"{len(text) - most:,} characters before …\n{text[-most:]}"


def sql_metrics(spark: SparkSession, group: str) -> list[dict[str, Any]]:
    """Returns the metrics of a job group's SQL executions that failed, the last ones first.

    Spark's status store is no public API; what it does not tell is left out.

    Args:
        spark: A classic session.
        group: The job group, or the description of its jobs.

    Returns:
        For each node of a failed execution's plan that has any: `execution`, `description`, `node`, `metrics`.
    """
    session: Any = spark
    with suppress(Exception):  # else the metrics are those of a moment ago
        spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(SETTLE_MILLISECONDS)
    jobs = set(spark.sparkContext.statusTracker().getJobIdsForGroup(group))
    store = session._jsparkSession.sharedState().statusStore()
    until = time.monotonic() + PATIENCE_SECONDS / 2
    return list(islice(_nodes(store, jobs, group, until), MOST_METRICS))


def _nodes(store: Any, jobs: set[int], group: str, until: float) -> Iterator[dict[str, Any]]:
    """Yields an entry for each node, as long as there is time."""
    count = int(store.executionsCount())
    listed = list(_each(store.executionsList(max(count - MOST_EXECUTIONS, 0), MOST_EXECUTIONS)))
    for execution in reversed(listed):
        if not _has_failed(execution) or not _is_of(execution, jobs, group):
            continue
        identity = int(execution.executionId())
        values = store.executionMetrics(identity)
        for node in _each(store.planGraph(identity).allNodes()):
            if time.monotonic() > until:
                return
            metrics = _metrics(node, values)
            if metrics:
                head = {"execution": identity, "description": str(execution.description())}
                yield {**head, "node": str(node.name()), "metrics": metrics}


def _has_failed(execution: Any) -> bool:
    """Tells whether it ended with an error; one that succeeded has an empty message."""
    message = execution.errorMessage()
    return bool(message.isDefined() and str(message.get()))


def _is_of(execution: Any, jobs: set[int], group: str) -> bool:
    """Tells whether one of the group's jobs is the execution's, or its description is the group's name."""
    if str(execution.description()) == group:
        return True
    known = execution.jobs()
    return any(known.contains(job) for job in jobs)


def _metrics(node: Any, values: Any) -> dict[str, str]:
    """Returns name → value; one over many tasks says total and spread on one line."""
    return {
        str(metric.name()): " ".join(str(values.apply(metric.accumulatorId())).split())[:MOST_VALUE]
        for metric in _each(node.metrics())
        if values.contains(metric.accumulatorId())
    }


def _each(sequence: Any) -> Iterator[Any]:
    """Yields the elements of a Scala sequence."""
    for position in range(sequence.size()):
        yield sequence.apply(position)
