"""How far a cell's queries are: as a Spark Connect server reports it, or as a notebook's own driver knows."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

REPORT_SECONDS = 0.5
RUNNING = "RUNNING"


@dataclass(frozen=True)
class QueryCounts:
    """What was done for some queries.

    Attributes:
        stages: Stages so far.
        tasks: Tasks of them.
        done: Tasks that are done.
        running: Tasks that run at this moment.
        busy: Whether a query is running.
    """

    stages: int = 0
    tasks: int = 0
    done: int = 0
    running: int = 0
    busy: bool = False


class QueryMonitor(Protocol):
    """Counts the work of a cell's queries.

    Attributes:
        lag: Seconds after which a query that has started is counted.
    """

    lag: float

    def start_cell(self) -> None:
        """Forgets the cells before this one."""
        ...

    def counts(self) -> QueryCounts:
        """Returns what was done since the cell started; may be called from any thread."""
        ...

    def cancel(self) -> None:
        """Ends what an interrupt leaves running; called in a thread of its own."""
        ...


class ConnectMonitor:
    """See `QueryMonitor`; `on_progress` is the progress handler of a session."""

    lag = REPORT_SECONDS

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queries: dict[str, QueryCounts] = {}
        self._ended: list[QueryCounts] = []

    def start_cell(self) -> None:
        """Forgets the cells before this one."""
        with self._lock:
            self._queries.clear()
            self._ended.clear()

    def on_progress(
        self, stages: Iterable[Any] | None, inflight_tasks: int, operation_id: str | None, done: bool, **_: Any
    ) -> None:
        """Takes a report; called by the thread that waits for the query."""
        with self._lock:
            if done:
                ended = self._queries.pop(operation_id or "", None)
                self._ended += [replace(ended, done=ended.tasks, running=0, busy=False)] if ended else []
            elif operation_id:
                self._queries[operation_id] = _counts_of_report(list(stages or []), inflight_tasks)

    def counts(self) -> QueryCounts:
        """Returns what was done since the cell started; may be called from any thread."""
        with self._lock:
            return sum_counts([*self._ended, *self._queries.values()])

    def cancel(self) -> None:
        """Does nothing: pyspark itself cancels at the server when it is interrupted."""


class ClassicMonitor:
    """See `QueryMonitor`.

    Args:
        context: The driver's SparkContext.
    """

    lag = 0.0

    def __init__(self, context: Any) -> None:
        self._context = context
        self._first_job = 0
        self._group = ""
        self._ended: dict[int, QueryCounts] = {}

    def start_cell(self) -> None:
        """Forgets the cells before this one: jobs are counted from now on."""
        self._first_job = self._job_count()
        self._ended = {}
        self._group = f"cell-{uuid.uuid4().hex}"
        self._context.setJobGroup(self._group, "", interruptOnCancel=True)
        self._context.setLocalProperty("spark.job.description", None)  # Spark's pages show the line of code instead

    def _job_count(self) -> int:
        return int(self._context._jsc.sc().dagScheduler().numTotalJobs())

    def counts(self) -> QueryCounts:
        """Returns what was done since the cell started; may be called from any thread."""
        tracker = self._context.statusTracker()
        return sum_counts([self._job_counts(tracker, job) for job in range(self._first_job, self._job_count())])

    def _job_counts(self, tracker: Any, job: int) -> QueryCounts:
        if job in self._ended:
            return self._ended[job]
        info = tracker.getJobInfo(job)
        if info is None:
            return QueryCounts()
        busy = info.status == RUNNING
        stages = [_stage_counts(tracker.getStageInfo(stage), busy=busy) for stage in info.stageIds]
        counts = replace(sum_counts(stages), busy=busy)
        if not busy:
            self._ended[job] = counts
        return counts

    def cancel(self) -> None:
        """Ends all jobs, those too that the cut call would still start: an interrupt only ends the wait for them."""
        self._context.cancelAllJobs()
        self._context._jsc.sc().cancelJobGroupAndFutureJobs(self._group)


def sum_counts(counts: Iterable[QueryCounts]) -> QueryCounts:
    """Returns the sums."""
    counts = list(counts)
    return QueryCounts(
        sum(each.stages for each in counts),
        sum(each.tasks for each in counts),
        sum(each.done for each in counts),
        sum(each.running for each in counts),
        any(each.busy for each in counts),
    )


def _counts_of_report(stages: list[Any], running: int) -> QueryCounts:
    tasks = sum(stage.num_tasks for stage in stages)
    return QueryCounts(len(stages), tasks, sum(stage.num_completed_tasks for stage in stages), running, busy=True)


def _stage_counts(stage: Any, *, busy: bool) -> QueryCounts:
    """Returns the counts of a stage; one that never had a task was skipped if its job has ended."""
    if stage is None:
        return QueryCounts()
    started = stage.numActiveTasks or stage.numCompletedTasks or stage.numFailedTasks
    if not busy and not started:
        return QueryCounts()
    return QueryCounts(1, stage.numTasks, stage.numCompletedTasks, stage.numActiveTasks)
