"""Runs tasks that wait for each other, a few at a time, in the same order whenever the graph leaves it open."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

CANCEL_SECONDS = 15.0


@dataclass(frozen=True)
class Task:
    """One piece of work.

    Attributes:
        name: Its own among all tasks.
        after: Names of the tasks that must be done before.
        work: Does it.
    """

    name: str
    after: tuple[str, ...]
    work: Callable[[], None]


class TaskCancelledError(Exception):
    """Raised by a task that does not begin because another one has failed, which raises the reason itself."""


class WorkerPool:
    """A few threads that run tasks; none of them keeps the process from ending.

    Attributes:
        running: How many tasks were submitted and not yet returned by `wait_for_next`.
    """

    def __init__(self, size: int) -> None:
        self._waiting: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[str, BaseException | None]] = queue.SimpleQueue()
        self.running = 0
        self._threads = [threading.Thread(target=self._work, name=f"task-{n}", daemon=True) for n in range(size)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            try:
                task.work()
            except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
                self._done.put((task.name, error))
            else:
                self._done.put((task.name, None))

    def submit(self, task: Task) -> None:
        """Lets a thread run a task as soon as one is free."""
        self.running += 1
        self._waiting.put(task)

    def wait_for_next(self) -> str:
        """Waits until a task is done and returns its name, or raises what it has raised.

        A task that was cancelled may be done before the one that failed: then that one's error is waited for, as long
        as any task is running.
        """
        cancelled: TaskCancelledError | None = None
        while True:
            name, error = self._done.get()
            self.running -= 1
            if isinstance(error, TaskCancelledError):
                cancelled = error
            elif error is not None:
                raise error
            if cancelled is None:
                return name
            if not self.running:
                raise cancelled

    def shut_down(self, seconds: float | None) -> None:
        """Lets the threads end, and waits for their present tasks, for so many seconds at most."""
        for _ in self._threads:
            self._waiting.put(None)
        until = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            thread.join(None if until is None else max(until - time.monotonic(), 0))


def run_tasks(tasks: Sequence[Task], *, parallel: int, cancel: Callable[[], None]) -> None:
    """Runs every task after those it waits for; of those that are ready, the first of the sequence first.

    Args:
        tasks: What to do.
        parallel: How many at a time.
        cancel: Ends what is under way, when a task has failed or the run is interrupted.

    Raises:
        Exception: What the first task to fail has raised, not one that was cancelled; none is begun after it.
    """
    sorter = TopologicalSorter({task.name: task.after for task in tasks})
    sorter.prepare()
    pool = WorkerPool(min(parallel, max(len(tasks), 1)))
    try:
        _run(tasks, sorter, pool, parallel)
    except BaseException:
        cancel()
        pool.shut_down(CANCEL_SECONDS)
        raise
    pool.shut_down(None)


def _run(tasks: Sequence[Task], sorter: TopologicalSorter[str], pool: WorkerPool, parallel: int) -> None:
    by_name = {task.name: (position, task) for position, task in enumerate(tasks)}
    ready: list[tuple[int, Task]] = []
    while sorter.is_active():
        ready = sorted([*ready, *(by_name[name] for name in sorter.get_ready())], key=lambda item: item[0])
        while ready and pool.running < parallel:
            pool.submit(ready.pop(0)[1])
        sorter.done(pool.wait_for_next())
