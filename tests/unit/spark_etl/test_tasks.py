from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from spark_etl.tasks import Task, TaskCancelledError, WorkerPool, run_tasks

DIAMOND = {"top": (), "right": ("top",), "left": ("top",), "bottom": ("left", "right")}


class Diary:
    """What was done, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.cancelled = threading.Event()

    def task(self, name: str, after: tuple[str, ...], work: Callable[[], object] = lambda: None) -> Task:
        def recorded() -> None:
            work()
            self.lines.append(name)

        return Task(name, after, recorded)

    def run(self, *tasks: Task, parallel: int = 1) -> list[str]:
        run_tasks(tasks, parallel=parallel, cancel=self.cancelled.set)
        return self.lines


@pytest.fixture
def diary() -> Diary:
    return Diary()


def test_one_at_a_time_follows_the_sequence_where_the_graph_leaves_it_open(diary: Diary) -> None:
    tasks = [diary.task(name, after) for name, after in DIAMOND.items()]
    assert diary.run(*tasks) == ["top", "right", "left", "bottom"]
    assert not diary.cancelled.is_set()


def test_branches_run_at_the_same_time(diary: Diary) -> None:
    both = threading.Barrier(2, timeout=20)
    tasks = [diary.task(name, after, both.wait if after == ("top",) else int) for name, after in DIAMOND.items()]
    lines = diary.run(*tasks, parallel=2)
    assert lines[0] == "top"
    assert lines[-1] == "bottom"
    assert len(lines) == 4


def test_no_more_run_at_a_time_than_asked_for(diary: Diary) -> None:
    now, most, lock = 0, 0, threading.Lock()

    def counted() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.02)
        with lock:
            now -= 1

    diary.run(*(diary.task(str(n), (), counted) for n in range(12)), parallel=3)
    assert 1 < most <= 3


def test_a_failure_cancels_what_is_under_way_and_nothing_is_begun_after_it(diary: Diary) -> None:
    def fail() -> None:
        raise ValueError("left")

    long = diary.task("right", ("top",), lambda: diary.cancelled.wait(20))
    tasks = [diary.task("top", ()), long, diary.task("left", ("top",), fail), diary.task("bottom", ("left", "right"))]
    with pytest.raises(ValueError, match="left"):
        diary.run(*tasks, parallel=2)
    assert diary.cancelled.is_set()
    assert diary.lines == ["top", "right"]


def test_nothing_to_do_is_done_at_once(diary: Diary) -> None:
    assert diary.run(parallel=4) == []


def be_cancelled() -> None:
    raise TaskCancelledError


def fail() -> None:
    raise ValueError("left")


def one_after_the_other(*work: Callable[[], object]) -> WorkerPool:
    """Returns a pool whose only thread is done with them in that order, whatever the machine is busy with."""
    pool = WorkerPool(1)
    for number, does in enumerate(work):
        pool.submit(Task(str(number), (), does))
    return pool


@pytest.mark.parametrize("between", [[], [int], [be_cancelled, int]])
def test_what_failed_is_raised_also_when_a_cancelled_task_is_done_before(between: list[Callable[[], object]]) -> None:
    pool = one_after_the_other(int, be_cancelled, *between, fail)
    assert pool.wait_for_next() == "0"
    with pytest.raises(ValueError, match="left"):
        pool.wait_for_next()
    pool.shut_down(None)


@pytest.mark.parametrize("work", [[be_cancelled], [be_cancelled, int, be_cancelled]])
def test_where_everything_is_cancelled_nothing_is_waited_for(work: list[Callable[[], object]]) -> None:
    pool = one_after_the_other(*work)
    with pytest.raises(TaskCancelledError):
        pool.wait_for_next()
    pool.shut_down(None)
