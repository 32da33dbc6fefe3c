from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from spark_etl.sessions.queries import ClassicMonitor, ConnectMonitor, QueryCounts


def reported(tasks: int, done: int) -> Any:
    return SimpleNamespace(num_tasks=tasks, num_completed_tasks=done)


def test_the_reports_of_a_server_are_summed_over_queries() -> None:
    monitor = ConnectMonitor()
    monitor.on_progress(stages=[reported(8, 8), reported(4, 1)], inflight_tasks=2, operation_id="one", done=False)
    assert monitor.counts() == QueryCounts(2, 12, 9, 2, busy=True)
    monitor.on_progress(stages=[reported(8, 8)], inflight_tasks=0, operation_id="one", done=True)
    monitor.on_progress(stages=[reported(5, 0)], inflight_tasks=1, operation_id="two", done=False)
    assert monitor.counts() == QueryCounts(3, 17, 12, 1, busy=True)
    monitor.on_progress(stages=[], inflight_tasks=0, operation_id="two", done=True)
    assert monitor.counts() == QueryCounts(3, 17, 17, 0, busy=False)
    monitor.start_cell()
    assert monitor.counts() == QueryCounts()


def test_a_query_too_quick_to_be_reported_counts_nothing() -> None:
    monitor = ConnectMonitor()
    monitor.on_progress(stages=[], inflight_tasks=0, operation_id="", done=True)
    assert monitor.counts() == QueryCounts()


class Driver:
    """A SparkContext that knows the jobs it is given: job → (status, stage → (tasks, active, completed))."""

    def __init__(self) -> None:
        self.jobs: dict[int, tuple[str, dict[int, tuple[int, int, int]]]] = {}
        scheduler = SimpleNamespace(numTotalJobs=lambda: len(self.jobs))
        self._jsc = SimpleNamespace(sc=lambda: SimpleNamespace(dagScheduler=lambda: scheduler))

    def setJobGroup(self, group: str, description: str, *, interruptOnCancel: bool) -> None:  # noqa: N802, N803
        pass

    def setLocalProperty(self, name: str, value: str | None) -> None:  # noqa: N802
        pass

    def statusTracker(self) -> Driver:  # noqa: N802 - Spark's name
        return self

    def getJobInfo(self, job: int) -> Any:  # noqa: N802
        status, stages = self.jobs[job]
        return SimpleNamespace(status=status, stageIds=list(stages))

    def getStageInfo(self, stage: int) -> Any:  # noqa: N802
        known = {number: counts for _, stages in self.jobs.values() for number, counts in stages.items()}
        tasks, active, completed = known[stage]
        return SimpleNamespace(numTasks=tasks, numActiveTasks=active, numCompletedTasks=completed, numFailedTasks=0)


def test_the_jobs_of_a_driver_are_counted_from_the_cell_s_begin() -> None:
    driver = Driver()
    driver.jobs[0] = ("SUCCEEDED", {0: (100, 0, 100)})
    monitor = ClassicMonitor(driver)
    monitor.start_cell()
    assert monitor.counts() == QueryCounts()
    driver.jobs[1] = ("SUCCEEDED", {1: (4, 0, 4)})
    driver.jobs[2] = ("RUNNING", {2: (8, 2, 3), 3: (1, 0, 0)})
    assert monitor.counts() == QueryCounts(3, 13, 7, 2, busy=True)


def test_a_stage_that_spark_skipped_is_not_counted_once_its_job_has_ended() -> None:
    driver = Driver()
    monitor = ClassicMonitor(driver)
    monitor.start_cell()
    driver.jobs[0] = ("SUCCEEDED", {0: (8, 0, 0), 1: (1, 0, 1)})
    assert monitor.counts() == QueryCounts(1, 1, 1, 0, busy=False)
