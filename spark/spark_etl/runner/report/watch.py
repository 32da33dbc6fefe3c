"""Watches a run from a thread: tells who holds the cores while none is granted, and that something long goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spark_etl.runner.backend import Backend, Counts
from spark_etl.runner.report.cores import ask_master, explain, master_pages
from spark_etl.runner.report.progress import Progress

FIRST_WORD_SECONDS = 5.0
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
    def waits(self) -> bool:
        """Whether there are tasks to do and nobody to do them."""
        return not self.executors and any(counts.tasks > counts.done_tasks for counts in self.groups.values())


class Watcher:
    """Looks at the activity each second.

    Args:
        look: Returns the activity.
        ask: Returns what keeps the run from its cores, given the seconds waited; None where none are to be waited for.
        progress: Who is told.
    """

    def __init__(self, look: Callable[[], Activity], ask: Callable[[float], str] | None, progress: Progress) -> None:
        self._look = look
        self._ask = ask
        self._progress = progress
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._starved_since: float | None = None
        self._next_word: float | None = None

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=LOOK_SECONDS * 2)
        self._progress.live({})

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.step(time.monotonic())
            except Exception:  # noqa: BLE001 - the session ends under this thread's feet; the run tells of it itself
                return

    def step(self, now: float) -> None:
        """Looks once, and tells if it is time."""
        activity = self._look()
        if self._ask is not None and activity.waits:
            since = self._starved_since = self._starved_since or now
            if self._due(now):
                self._progress.waiting(self._ask(now - since), now - since)
            return
        if self._starved_since is not None:
            if self._next_word is not None and now - self._starved_since >= FIRST_WORD_SECONDS and activity.executors:
                self._progress.granted(now - self._starved_since)
            self._starved_since = self._next_word = None
        if not activity.groups:
            self._next_word = None
        elif self._due(now, first=EVERY_SECONDS):
            self._progress.still(activity.groups)
        self._progress.live(activity.groups)

    def _due(self, now: float, first: float = FIRST_WORD_SECONDS) -> bool:
        if self._next_word is None:
            self._next_word = now + first
        if now < self._next_word:
            return False
        self._next_word = now + EVERY_SECONDS
        return True


def watch(backend: Backend, progress: Progress) -> Watcher:
    """Returns a watcher of a run's session; who holds the cores is known of a standalone master only."""
    facts = backend.facts()
    pages = master_pages(str(facts.get("master") or ""))

    def look() -> Activity:
        counted = {group: backend.counts(group) for group in progress.groups()}
        return Activity(backend.executors(), {group: counts for group, counts in counted.items() if counts.stages})

    def ask(waited: float) -> str:
        return explain(ask_master(pages), str(facts.get("application_id")), waited)

    return Watcher(look, ask if pages else None, progress)
