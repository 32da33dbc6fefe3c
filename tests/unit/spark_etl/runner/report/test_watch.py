from __future__ import annotations

import io

from spark_etl.runner.backend import Counts
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.report.watch import Activity, RunWatcher

IDLE = Activity(executors=0, groups={})
STARVED = Activity(executors=0, groups={"orders": Counts(stages=1, tasks=8)})
BUSY = Activity(executors=2, groups={"orders": Counts(stages=2, tasks=8, done_tasks=3)})
TWO = Activity(executors=2, groups={**BUSY.groups, "publish:net": Counts(stages=1, tasks=2_000, done_tasks=1_999)})


def lines_of(timeline: list[tuple[int, Activity]], *, cluster: bool = True) -> list[str]:
    """Returns the lines over a timeline of (second until which, activity), looked at each second."""
    stream = io.StringIO()
    progress = Progress(("orders",), stream)
    now = {"activity": IDLE}
    watcher = RunWatcher(
        lambda: now["activity"], (lambda waited: f"waiting {waited:.0f}") if cluster else None, progress
    )
    second = 0
    with progress.activity("[1/1] orders", "orders"), progress.activity("publish net", "publish:net"):
        for until, activity in timeline:
            now["activity"] = activity
            while second < until:
                watcher.step(float(second))
                second += 1
    return [line.rpartition(", ")[0] or line for line in stream.getvalue().splitlines()]


def test_a_starved_run_is_reported_after_seconds_and_again_until_it_has_cores() -> None:
    lines = lines_of([(3, IDLE), (40, STARVED), (45, BUSY)])
    assert lines == ["waiting 5", "waiting 20", "waiting 35", "cores granted after 37s"]


def test_a_short_wait_is_not_worth_a_word() -> None:
    assert lines_of([(4, STARVED), (9, BUSY), (13, STARVED), (17, BUSY)]) == []


def test_an_idle_session_without_executors_is_not_starved() -> None:
    assert lines_of([(100, IDLE)]) == []


def test_a_local_session_has_no_executors_to_wait_for() -> None:
    assert lines_of([(14, STARVED)], cluster=False) == []


def test_something_long_is_reported_as_going_on() -> None:
    assert lines_of([(40, BUSY)]) == ["[1/1] orders … stage 2, 3/8 tasks"] * 2


def test_each_of_several_that_go_on_is_reported() -> None:
    both = ["[1/1] orders … stage 2, 3/8 tasks", "publish net … stage 1, 1,999/2,000 tasks"]
    assert lines_of([(20, TWO)]) == both
