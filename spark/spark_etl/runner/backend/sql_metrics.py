"""The metrics of SQL executions that failed, from the status store of classic Spark, which is no public API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MOST_EXECUTIONS = 20
MOST_METRICS = 200
LONGEST_VALUE = 500
SETTLE_MILLISECONDS = 2_000
PATIENCE_SECONDS = 5.0


def failed_sql_metrics(spark: SparkSession, group: str) -> list[dict[str, Any]]:
    """Returns the metrics of a job group's SQL executions that failed, the last ones first.

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
    until = time.monotonic() + PATIENCE_SECONDS
    return list(islice(_nodes(store, jobs, group, until), MOST_METRICS))


def _nodes(store: Any, jobs: set[int], group: str, until: float) -> Iterator[dict[str, Any]]:
    """Yields an entry for each node, as long as there is time."""
    count = int(store.executionsCount())
    executions = list(_each(store.executionsList(max(count - MOST_EXECUTIONS, 0), MOST_EXECUTIONS)))
    for execution in reversed(executions):
        if not _has_failed(execution) or not _belongs_to(execution, jobs, group):
            continue
        execution_id = int(execution.executionId())
        values = store.executionMetrics(execution_id)
        for node in _each(store.planGraph(execution_id).allNodes()):
            if time.monotonic() > until:
                return
            metrics = _metrics(node, values)
            if metrics:
                head = {"execution": execution_id, "description": str(execution.description())}
                yield {**head, "node": str(node.name()), "metrics": metrics}


def _has_failed(execution: Any) -> bool:
    """Returns whether it ended with an error; one that succeeded has an empty message."""
    message = execution.errorMessage()
    return bool(message.isDefined() and str(message.get()))


def _belongs_to(execution: Any, jobs: set[int], group: str) -> bool:
    """Returns whether one of the group's jobs is the execution's, or its description is the group's name."""
    if str(execution.description()) == group:
        return True
    jobs_of_execution = execution.jobs()
    return any(jobs_of_execution.contains(job) for job in jobs)


def _metrics(node: Any, values: Any) -> dict[str, str]:
    """Returns name → value; one over many tasks has total and spread on one line."""
    return {
        str(metric.name()): " ".join(str(values.apply(metric.accumulatorId())).split())[:LONGEST_VALUE]
        for metric in _each(node.metrics())
        if values.contains(metric.accumulatorId())
    }


def _each(sequence: Any) -> Iterator[Any]:
    """Yields the elements of a Scala sequence."""
    for position in range(sequence.size()):
        yield sequence.apply(position)
