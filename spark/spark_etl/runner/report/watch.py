"""Watches a run from a thread: reports who holds the cores while none is granted, and what goes on for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spark_etl.runner.backend import Backend, Counts
from spark_etl.runner.report.progress import Progress
from spark_etl.sessions.core_holders import explain_run_wait, master_pages, read_cluster_state

FIRST_LINE_SECONDS = 5.0
EVERY_SECONDS = 15.0
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Activity:
    """What Spark does at this moment.

    Attributes:
        executors: Executors besides the driver.
        groups: Job group → what was done for it so far, of those that have begun.
    """

    executors: int
    groups: Mapping[str, Counts]

    @property
    def is_starved(self) -> bool:
        """Whether there are tasks to do and no executor to do them."""
        return not self.executors and any(counts.tasks > counts.done_tasks for counts in self.groups.values())


class RunWatcher:
    """Looks at the activity each second.

    Args:
        read_activity: Returns the activity.
        explain_wait: Returns what keeps the run from its cores, given the seconds waited; None where a run never waits.
        progress: Where it is reported.
    """

    def __init__(
        self,
        read_activity: Callable[[], Activity],
        explain_wait: Callable[[float], str] | None,
        progress: Progress,
    ) -> None:
        self._read_activity = read_activity
        self._explain_wait = explain_wait
        self._progress = progress
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._starved_since: float | None = None
        self._next_line: float | None = None

    def __enter__(self) -> RunWatcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=LOOK_SECONDS * 2)
        self._progress.show_live({})

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.step(time.monotonic())
            except Exception:  # noqa: BLE001 - the session has ended meanwhile; the run reports that itself
                return

    def step(self, now: float) -> None:
        """Looks once, and reports if it is time."""
        activity = self._read_activity()
        if self._explain_wait is not None and activity.is_starved:
            since = self._starved_since = self._starved_since or now
            if self._is_due(now):
                self._progress.waiting_for_cores(self._explain_wait(now - since), now - since)
            return
        if self._starved_since is not None:
            if self._next_line is not None and now - self._starved_since >= FIRST_LINE_SECONDS and activity.executors:
                self._progress.cores_granted(now - self._starved_since)
            self._starved_since = self._next_line = None
        if not activity.groups:
            self._next_line = None
        elif self._is_due(now, first=EVERY_SECONDS):
            self._progress.still_running(activity.groups)
        self._progress.show_live(activity.groups)

    def _is_due(self, now: float, first: float = FIRST_LINE_SECONDS) -> bool:
        if self._next_line is None:
            self._next_line = now + first
        if now < self._next_line:
            return False
        self._next_line = now + EVERY_SECONDS
        return True


def watch(backend: Backend, progress: Progress) -> RunWatcher:
    """Returns a watcher of a run's session; only a standalone master knows who holds the cores."""
    facts = backend.facts()
    pages = master_pages(str(facts.get("master") or ""))

    def read_activity() -> Activity:
        counts = {group: backend.counts(group) for group in progress.groups()}
        return Activity(backend.executors(), {group: count for group, count in counts.items() if count.stages})

    def explain_wait(waited: float) -> str:
        return explain_run_wait(read_cluster_state(pages), str(facts.get("application_id")), waited)

    return RunWatcher(read_activity, explain_wait if pages else None, progress)
