"""What a cell says of its queries while they run, and when it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from spark_etl.sessions.work import Source, Work
from spark_etl.units import format_count, format_duration

FIRST_WORD_SECONDS = 1.0
STARVED_SECONDS = 3.0
ASK_AGAIN_SECONDS = 2.0


class Screen(Protocol):
    """One line below a cell."""

    def show(self, text: str, fraction: float | None) -> None:
        """Puts this in the place of what was said before.

        Args:
            text: The line.
            fraction: How much is done; None if there is nothing to draw a bar of.
        """
        ...


class Cell:
    """Watches one cell; says nothing of queries that take less than a second together.

    Args:
        source: Where what is known of its queries comes from.
        screen: Where it is said.
        ask: Returns who holds the cores, given the seconds waited; None where there are none to be waited for.
    """

    def __init__(self, source: Source, screen: Screen, ask: Callable[[float], str] | None) -> None:
        self._source, self._screen, self._ask = source, screen, ask
        self._lock = threading.Lock()
        self._ended = self._shown = False
        self._seconds = 0.0
        self._busy_since: float | None = None
        self._starved_since: float | None = None
        self._done = 0
        self._asked = float("-inf")
        self._answer = ""

    def step(self, now: float) -> None:
        """Looks once, and says what there is to say; called again and again by a thread beside the cell's."""
        work = self._source.look()
        seconds, waited = self._clock(work, now), self._starved(work, now)
        if not work.busy or seconds < FIRST_WORD_SECONDS:
            return
        if self._ask is not None and waited >= STARVED_SECONDS:
            self._say(self._who(self._ask, waited, now), None)
        else:
            self._say(_running(work, seconds), work.done / work.tasks if work.tasks else None)

    def end(self, now: float) -> None:
        """Leaves one line if anything was said at all; what `step` is still asking is not said any more."""
        with self._lock:
            self._ended = True
        if self._shown:
            work = self._source.look()
            self._screen.show(_summary(work, self._clock(work, now)), None)

    def _say(self, text: str, fraction: float | None) -> None:
        with self._lock:
            if not self._ended:
                self._shown = True
                self._screen.show(text, fraction)

    def _clock(self, work: Work, now: float) -> float:
        """Returns for how long queries have run in this cell."""
        if work.busy and self._busy_since is None:
            self._busy_since = now - self._source.lag
        running = 0.0 if self._busy_since is None else now - self._busy_since
        if work.busy or self._busy_since is None:
            return self._seconds + running
        self._busy_since, self._seconds = None, self._seconds + running
        return self._seconds

    def _starved(self, work: Work, now: float) -> float:
        """Returns for how long there have been tasks and none of them ran."""
        if work.running or work.done != self._done or work.done >= work.tasks:
            self._starved_since = None
        elif self._starved_since is None:
            self._starved_since = now - self._source.lag
        self._done = work.done
        return 0.0 if self._starved_since is None else now - self._starved_since

    def _who(self, ask: Callable[[float], str], waited: float, now: float) -> str:
        if now - self._asked >= ASK_AGAIN_SECONDS:
            self._asked, self._answer = now, ask(waited)
        return self._answer


def _running(work: Work, seconds: float) -> str:
    done = f"{work.done:,} of {format_count(work.tasks, 'task')} done"
    return f"{done}, {work.running:,} running, {format_duration(seconds)}"


def _summary(work: Work, seconds: float) -> str:
    if not work.tasks:
        return f"nothing was run, {format_duration(seconds)}"
    return f"{format_count(work.stages, 'stage')}, {format_count(work.tasks, 'task')}, {format_duration(seconds)}"
