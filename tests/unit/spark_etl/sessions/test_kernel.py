from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.sessions import kernel
from spark_etl.sessions.kernel import CellWatcher
from spark_etl.sessions.queries import QueryCounts


class Shell:
    """An IPython shell: its events, and what it is given to display."""

    def __init__(self) -> None:
        self.hooks: dict[str, list[Callable[..., None]]] = {"pre_run_cell": [], "post_run_cell": []}
        self.events = self
        self.shown = threading.Event()
        self.lines: list[str] = []
        self.display_pub = SimpleNamespace(publish=self.publish)

    def register(self, event: str, hook: Callable[..., None]) -> None:
        self.hooks[event].append(hook)

    def unregister(self, event: str, hook: Callable[..., None]) -> None:
        self.hooks[event].remove(hook)

    def trigger(self, event: str) -> None:
        for hook in self.hooks[event]:
            hook(None)

    def publish(self, data: dict[str, str], **_: Any) -> None:
        self.lines.append(data["text/plain"])
        self.shown.set()


class Monitor:
    """A driver in which something has run for long."""

    lag = 60.0

    def __init__(self) -> None:
        self.begun = self.attempts = 0
        self.cancelled = threading.Event()

    def start_cell(self) -> None:
        self.begun += 1

    def counts(self) -> QueryCounts:
        return QueryCounts(2, 8, 3, 1, busy=True)

    def cancel(self) -> None:
        self.attempts += 1
        if self.attempts < 3:
            raise OSError("the connection is cut")
        self.cancelled.set()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Shell, Monitor, CellWatcher]]:
    monkeypatch.setattr(kernel, "LOOK_SECONDS", 0.01)
    before = signal.getsignal(signal.SIGINT)
    shell, monitor = Shell(), Monitor()
    watcher = CellWatcher(shell, monitor, None)
    yield shell, monitor, watcher
    watcher.stop()
    signal.signal(signal.SIGINT, before)


def test_a_cell_tells_of_its_queries_and_leaves_one_line(watched: tuple[Shell, Monitor, CellWatcher]) -> None:
    shell, monitor, _ = watched
    assert shell.shown.wait(10)
    shell.trigger("post_run_cell")
    assert shell.lines[0].startswith("3 of 8 tasks done, 1 running")
    assert shell.lines[-1].startswith("2 stages, 8 tasks")
    shell.shown.clear()
    shell.trigger("pre_run_cell")
    assert shell.shown.wait(10)
    assert monitor.begun == 2


def test_an_interrupt_of_a_cell_ends_its_jobs(watched: tuple[Shell, Monitor, CellWatcher]) -> None:
    _, monitor, _ = watched
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert monitor.cancelled.wait(10)


def test_the_next_cell_begins_when_the_interrupted_ones_jobs_are_ended(
    watched: tuple[Shell, Monitor, CellWatcher],
) -> None:
    shell, monitor, _ = watched
    ended_first = []
    monitor.start_cell = lambda: ended_first.append(monitor.cancelled.is_set())  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    shell.trigger("post_run_cell")
    shell.trigger("pre_run_cell")
    assert ended_first == [True]


def test_a_watch_that_is_stopped_leaves_no_hook(watched: tuple[Shell, Monitor, CellWatcher]) -> None:
    shell, _, _ = watched
    other = CellWatcher(shell, Monitor(), None)
    other.stop()
    assert [len(hooks) for hooks in shell.hooks.values()] == [1, 1]
