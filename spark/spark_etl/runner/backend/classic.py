"""Classic Spark: the driver's JVM is beside this process."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.runner import environment
from spark_etl.runner.backend.base import Counts, is_sorted, plan_text
from spark_etl.runner.backend.sql_metrics import failed_sql_metrics
from spark_etl.runner.no_stop import no_stop
from spark_etl.sessions.classic import build_session, running_spark, settings_without_effect
from spark_etl.sessions.spark_log import quiet_py4j, quiet_spark, stop_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CANCEL_SECONDS = 5.0
SETTLE_MILLISECONDS = 500
RUNNING = "RUNNING"
GROUP_PROPERTIES = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel", "spark.scheduler.pool")


class ClassicBackend:
    """See `Backend`.

    Args:
        spark: A classic session.
        not_applied: Settings that came too late.
        shared_as: The application's name, if the context was there before and others use it as well: then the context
            stays, and the name marks this run's jobs.
    """

    def __init__(self, spark: SparkSession, not_applied: tuple[str, ...] = (), *, shared_as: str | None = None) -> None:
        self.spark = spark
        self.not_applied = not_applied
        self._is_shared = shared_as is not None
        self._suffix = f" of {shared_as}" if shared_as is not None else ""
        self._groups: set[str] = set()
        self._shipped: set[str] = set()
        self._context: Any = spark.sparkContext
        self._ended_jobs: dict[int, Counts] = {}

    @classmethod
    def open(
        cls,
        app_name: str,
        settings: Mapping[str, str],
        *,
        master: str | None,
        quiet: bool,
        show_log: Callable[[str], None] | None = None,
    ) -> ClassicBackend:
        """Returns a session with the settings, on the given master or on whatever spark-submit was given."""
        if quiet:
            quiet_py4j()
        before = running_spark()
        spark = build_session(app_name, settings, master, show_log=show_log if quiet else None)
        if quiet:
            quiet_spark(spark)
        not_applied = settings_without_effect(spark, settings, before)
        return cls(spark, not_applied, shared_as=app_name if before.has_context else None)

    def ship(self, archive: Path) -> None:
        """Sends a zip of Python code to the executors."""
        if self._is_shared:  # executors may ask for it as long as the context lives: longer than this run
            archive = Path(shutil.copy(archive, self._context._temp_dir))
        self._context.addPyFile(str(archive))
        self._shipped.add(archive.name)

    def facts(self) -> dict[str, Any]:
        """Returns what the session knows of itself."""
        return {"backend": "classic", **environment.spark_facts(self.spark), "not_applied": list(self.not_applied)}

    @contextmanager
    def work(self, group: str, text: str) -> Iterator[None]:
        """Makes the jobs that this thread starts inside a job group, in a scheduler pool of the same name."""
        self._groups.add(group + self._suffix)
        self._context.setJobGroup(group + self._suffix, text + self._suffix, interruptOnCancel=True)
        self._context.setLocalProperty("spark.scheduler.pool", group)
        try:
            yield
        except Exception:
            self._leave_group()
            raise
        else:
            self._leave_group()
        # Not after a KeyboardInterrupt: it may have cut a call to the JVM, and this thread's next one would get the
        # cut one's answer.

    def _leave_group(self) -> None:
        with suppress(Exception):  # the JVM may be what has failed
            for name in GROUP_PROPERTIES:
                self._context.setLocalProperty(name, None)
            self._context._jsc.sc().listenerBus().waitUntilEmpty(SETTLE_MILLISECONDS)  # counts are final

    def counts(self, group: str) -> Counts:
        """Returns the sums over the group's jobs; a job that has ended is counted only once."""
        tracker = self._context.statusTracker()
        return _sum([self._job(tracker, job) for job in tracker.getJobIdsForGroup(group + self._suffix)])

    def _job(self, tracker: Any, job: int) -> Counts:
        if job in self._ended_jobs:
            return self._ended_jobs[job]
        info = tracker.getJobInfo(job)
        if info is None:
            return Counts()
        ended = info.status != RUNNING
        counts = _sum([_stage(tracker.getStageInfo(stage), ended=ended) for stage in info.stageIds])
        if ended:
            self._ended_jobs[job] = counts
        return counts

    def executors(self) -> int:
        """Returns the number of executors besides the driver."""
        return len(self._context._jsc.sc().statusTracker().getExecutorInfos()) - 1

    def cancel(self) -> None:
        """Asks Spark to end the run's jobs, from a thread of its own: this one's call to the JVM may have been cut."""
        thread = threading.Thread(target=self._cancel, name="cancel", daemon=True)
        thread.start()
        thread.join(CANCEL_SECONDS)

    def _cancel(self) -> None:
        with suppress(Exception):  # the JVM may be gone, and its jobs with it
            if not self._is_shared:
                self._context.cancelAllJobs()
                return
            for group in tuple(self._groups):
                self._context.cancelJobGroup(group)

    def explain(self, frame: DataFrame) -> str:
        """Returns the parsed, analysed, optimised and physical plan."""
        classic: Any = frame
        explain = self._context._jvm.PythonSQLUtils.explainString
        return plan_text(lambda: explain(classic._jdf.queryExecution(), "extended"))

    def is_deterministic(self, frame: DataFrame) -> bool | None:
        """Returns whether no expression of the analysed plan is one such as `rand()` or `current_timestamp()`."""
        try:
            plan, patterns = self._analysed(frame)
            # Spark itself takes a clock for deterministic: it stands still during a query, but not from run to run.
            return bool(plan.deterministic()) and not plan.containsPattern(patterns.CURRENT_LIKE())
        except Exception:  # noqa: BLE001 - a plan that can't be analysed fails elsewhere, with its reason
            return None

    def is_ordered(self, frame: DataFrame) -> bool:
        """Returns whether the analysed plan ends in a sort of all rows."""
        try:
            plan, patterns = self._analysed(frame)
            return bool(plan.containsPattern(patterns.SORT())) and is_sorted(str(plan.toString()))
        except Exception:  # noqa: BLE001 - as above
            return False

    def _analysed(self, frame: DataFrame) -> tuple[Any, Any]:
        """Returns the analysed plan, and Spark's names for what may be in it."""
        classic: Any = frame
        names = self._context._jvm.org.apache.spark.sql.catalyst.trees.TreePattern
        return classic._jdf.queryExecution().analyzed(), names

    def failed_metrics(self, group: str) -> list[dict[str, Any]]:
        """Returns the SQL metrics of the group's failed executions."""
        return failed_sql_metrics(self.spark, group + self._suffix)

    def no_stop(self) -> AbstractContextManager[None]:
        """Refuses `stop()` of the session and of the context."""
        return no_stop(self.spark, self._context)

    def stop(self, *, silently: bool) -> None:
        """Ends the session and its context, unless it was there before the run."""
        if not self._is_shared:
            stop_session(self.spark, silently=silently)
            return
        for names in (self._context._python_includes, sys.path):  # else later runs look for their modules in it, too
            names[:] = [name for name in names if Path(name).name not in self._shipped]


def _stage(stage: Any, *, ended: bool) -> Counts:
    """Returns the counts of a stage; one of an ended job that never had a task was skipped."""
    if stage is None:
        return Counts(stages=1)
    started = stage.numActiveTasks or stage.numCompletedTasks or stage.numFailedTasks
    tasks = 0 if ended and not started else stage.numTasks
    return Counts(1, tasks, stage.numCompletedTasks, stage.numFailedTasks)


def _sum(parts: list[Counts]) -> Counts:
    return Counts(
        sum(part.stages for part in parts),
        sum(part.tasks for part in parts),
        sum(part.done_tasks for part in parts),
        sum(part.failed_tasks for part in parts),
    )
