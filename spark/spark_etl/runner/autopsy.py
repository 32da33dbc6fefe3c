"""What is known of a failure when it has just happened: reason, frames, query plan and SQL metrics."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.runner.backend import Backend
from spark_etl.runner.failure import reason_of, user_frames

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MOST_TRACEBACK = 50_000
MOST_EXECUTIONS = 5
MOST_METRICS = 200


def autopsy(
    backend: Backend, alias: str, frame: DataFrame | None, error: BaseException, project: Path
) -> dict[str, Any]:
    """Returns what can be told of a feature that failed.

    Args:
        backend: The session it failed in.
        alias: The feature.
        frame: What its transform returned, if it came so far.
        error: What was raised.
        project: The folder of the user's code.

    Returns:
        `feature`, `type`, `message`, `frames` (the project's own), `traceback` (all of it), `plan` (text, None without
        a frame) and `metrics` (of the failed SQL executions).
    """
    told = error if isinstance(error, Exception) else Exception(str(error))
    return {
        "feature": alias,
        "type": type(error).__name__,
        "message": reason_of(told),
        "frames": user_frames(told, project),
        "traceback": "".join(traceback.format_exception(error))[:MOST_TRACEBACK],
        "plan": None if frame is None else backend.explain(frame),
        "metrics": backend.failed_metrics(alias),
    }


def sql_metrics(spark: SparkSession, group: str) -> list[dict[str, Any]]:
    """Returns the metrics of a job group's last SQL executions that failed, of each node of their plans.

    Empty when Spark's status store can't be asked: it is no public API.
    """
    try:
        return _sql_metrics(spark, group)
    except Exception as error:  # noqa: BLE001 - of a session that has just failed, anything may be gone
        return [{"note": f"the metrics can't be told: {type(error).__name__}"}]


def _sql_metrics(spark: SparkSession, group: str) -> list[dict[str, Any]]:
    session: Any = spark
    store = session._jsparkSession.sharedState().statusStore()
    executions = store.executionsList(max(int(store.executionsCount()) - MOST_EXECUTIONS, 0), MOST_EXECUTIONS)
    found = []
    for position in range(executions.size()):
        execution = executions.apply(position)
        reason = execution.errorMessage()
        if reason.isDefined() and str(reason.get()) and str(execution.description()).split(":")[0] == group:
            found.append(_execution(store, execution))
    return found


def _execution(store: Any, execution: Any) -> dict[str, Any]:
    identity = execution.executionId()
    values = store.executionMetrics(identity)
    nodes: list[dict[str, Any]] = []
    all_nodes = store.planGraph(identity).allNodes()
    for position in range(min(all_nodes.size(), MOST_METRICS)):
        node = all_nodes.apply(position)
        metrics = _metrics(node, values)
        if metrics:
            nodes.append({"node": str(node.name()), "metrics": metrics})
    return {"execution": int(identity), "description": str(execution.description()), "nodes": nodes}


def _metrics(node: Any, values: Any) -> dict[str, str]:
    metrics = node.metrics()
    known = (metrics.apply(position) for position in range(metrics.size()))
    return {
        str(metric.name()): " ".join(str(values.apply(metric.accumulatorId())).split())
        for metric in known
        if values.contains(metric.accumulatorId())
    }
