"""What a cell's queries have done so far: as a Spark Connect server reports it, or as a notebook's own driver knows."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

REPORT_SECONDS = 0.5
RUNNING = "RUNNING"


@dataclass(frozen=True)
class Work:
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


class Source(Protocol):
    """Where what is known of a cell's queries comes from.

    Attributes:
        lag: Seconds after which a query that has started is known.
    """

    lag: float

    def begin(self) -> None:
        """Forgets the cells before this one."""
        ...

    def look(self) -> Work:
        """Returns what was done since; may be called from any thread."""
        ...

    def cancel(self) -> None:
        """Ends what an interrupt leaves running; called in a thread of its own."""
        ...


class ConnectWork:
    """See `Source`; `told` is the progress handler of a session."""

    lag = REPORT_SECONDS

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queries: dict[str, Work] = {}
        self._ended: list[Work] = []

    def begin(self) -> None:
        """Forgets the cells before this one."""
        with self._lock:
            self._queries.clear()
            self._ended.clear()

    def told(
        self, stages: Iterable[Any] | None, inflight_tasks: int, operation_id: str | None, done: bool, **_: Any
    ) -> None:
        """Takes a report; called by the thread that waits for the query."""
        with self._lock:
            if done:
                ended = self._queries.pop(operation_id or "", None)
                self._ended += [replace(ended, done=ended.tasks, running=0, busy=False)] if ended else []
            elif operation_id:
                self._queries[operation_id] = _reported(list(stages or []), inflight_tasks)

    def look(self) -> Work:
        """Returns what was done since; may be called from any thread."""
        with self._lock:
            return total([*self._ended, *self._queries.values()])

    def cancel(self) -> None:
        """Does nothing: pyspark tells the server itself when it is interrupted."""


class ClassicWork:
    """See `Source`.

    Args:
        context: The driver's SparkContext.
    """

    lag = 0.0

    def __init__(self, context: Any) -> None:
        self._context = context
        self._first = 0
        self._group = ""
        self._ended: dict[int, Work] = {}

    def begin(self) -> None:
        """Forgets the cells before this one: jobs are counted from one."""
        self._first = self._count()
        self._ended = {}
        self._group = f"cell-{uuid.uuid4().hex}"
        self._context.setJobGroup(self._group, "", interruptOnCancel=True)
        self._context.setLocalProperty("spark.job.description", None)  # Spark's pages show the line of code instead

    def _count(self) -> int:
        return int(self._context._jsc.sc().dagScheduler().numTotalJobs())

    def look(self) -> Work:
        """Returns what was done since; may be called from any thread."""
        tracker = self._context.statusTracker()
        return total([self._job(tracker, job) for job in range(self._first, self._count())])

    def _job(self, tracker: Any, job: int) -> Work:
        if job in self._ended:
            return self._ended[job]
        info = tracker.getJobInfo(job)
        if info is None:
            return Work()
        busy = info.status == RUNNING
        work = replace(total([_stage(tracker.getStageInfo(stage), busy=busy) for stage in info.stageIds]), busy=busy)
        if not busy:
            self._ended[job] = work
        return work

    def cancel(self) -> None:
        """Ends all jobs, those too that the cut call would still start: an interrupt only ends the wait for them."""
        self._context.cancelAllJobs()
        self._context._jsc.sc().cancelJobGroupAndFutureJobs(self._group)


def total(parts: Iterable[Work]) -> Work:
    """Returns the sums."""
    parts = list(parts)
    return Work(
        sum(part.stages for part in parts),
        sum(part.tasks for part in parts),
        sum(part.done for part in parts),
        sum(part.running for part in parts),
        any(part.busy for part in parts),
    )


def _reported(stages: list[Any], running: int) -> Work:
    tasks = sum(stage.num_tasks for stage in stages)
    return Work(len(stages), tasks, sum(stage.num_completed_tasks for stage in stages), running, busy=True)


def _stage(stage: Any, *, busy: bool) -> Work:
    """Returns the counts of a stage; one that never had a task was skipped if its job has ended."""
    if stage is None:
        return Work()
    touched = stage.numActiveTasks or stage.numCompletedTasks or stage.numFailedTasks
    if not busy and not touched:
        return Work()
    return Work(1, stage.numTasks, stage.numCompletedTasks, stage.numActiveTasks)
