"""The line below a cell: its queries' progress while they run, and a summary when the cell ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from spark_etl.sessions.queries import QueryCounts, QueryMonitor
from spark_etl.units import format_count, format_duration

FIRST_LINE_SECONDS = 1.0
STARVED_SECONDS = 3.0
ASK_AGAIN_SECONDS = 2.0


class Screen(Protocol):
    """One line below a cell."""

    def show(self, text: str, fraction: float | None) -> None:
        """Puts this in the place of the line before.

        Args:
            text: The line.
            fraction: How much is done; None if there is nothing to draw a bar of.
        """
        ...


class Cell:
    """Watches one cell; shows nothing of queries that take less than a second together.

    Args:
        monitor: Counts its queries' work.
        screen: Where the line is shown.
        explain_wait: Returns who holds the cores, given the seconds waited; None where no query waits for cores.
    """

    def __init__(self, monitor: QueryMonitor, screen: Screen, explain_wait: Callable[[float], str] | None) -> None:
        self._monitor, self._screen, self._explain_wait = monitor, screen, explain_wait
        self._lock = threading.Lock()
        self._ended = self._shown = False
        self._seconds = 0.0
        self._busy_since: float | None = None
        self._starved_since: float | None = None
        self._done = 0
        self._reason = ""
        self._reason_time = float("-inf")

    def step(self, now: float) -> None:
        """Updates the line; called again and again by a thread beside the cell's."""
        counts = self._monitor.counts()
        seconds, waited = self._busy_seconds(counts, now), self._starved_seconds(counts, now)
        if not counts.busy or seconds < FIRST_LINE_SECONDS:
            return
        if self._explain_wait is not None and waited >= STARVED_SECONDS:
            self._show(self._wait_reason(self._explain_wait, waited, now), None)
        else:
            self._show(_format_running(counts, seconds), counts.done / counts.tasks if counts.tasks else None)

    def end(self, now: float) -> None:
        """Leaves a summary if any line was shown; what a `step` that is under way would show is dropped."""
        with self._lock:
            self._ended = True
        if self._shown:
            counts = self._monitor.counts()
            self._screen.show(_format_summary(counts, self._busy_seconds(counts, now)), None)

    def _show(self, text: str, fraction: float | None) -> None:
        with self._lock:
            if not self._ended:
                self._shown = True
                self._screen.show(text, fraction)

    def _busy_seconds(self, counts: QueryCounts, now: float) -> float:
        """Returns for how long queries have run in this cell."""
        if counts.busy and self._busy_since is None:
            self._busy_since = now - self._monitor.lag
        running = 0.0 if self._busy_since is None else now - self._busy_since
        if counts.busy or self._busy_since is None:
            return self._seconds + running
        self._busy_since, self._seconds = None, self._seconds + running
        return self._seconds

    def _starved_seconds(self, counts: QueryCounts, now: float) -> float:
        """Returns for how long there have been tasks and none of them ran."""
        if counts.running or counts.done != self._done or counts.done >= counts.tasks:
            self._starved_since = None
        elif self._starved_since is None:
            self._starved_since = now - self._monitor.lag
        self._done = counts.done
        return 0.0 if self._starved_since is None else now - self._starved_since

    def _wait_reason(self, explain: Callable[[float], str], waited: float, now: float) -> str:
        if now - self._reason_time >= ASK_AGAIN_SECONDS:
            self._reason_time, self._reason = now, explain(waited)
        return self._reason


def _format_running(counts: QueryCounts, seconds: float) -> str:
    done = f"{counts.done:,} of {format_count(counts.tasks, 'task')} done"
    return f"{done}, {counts.running:,} running, {format_duration(seconds)}"


def _format_summary(counts: QueryCounts, seconds: float) -> str:
    if not counts.tasks:
        return f"nothing was run, {format_duration(seconds)}"
    return f"{format_count(counts.stages, 'stage')}, {format_count(counts.tasks, 'task')}, {format_duration(seconds)}"
