"""What a person watching the run reads, on stderr; stdout stays free for data."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from spark_etl.errors import SparkEtlError
from spark_etl.units import amount, duration


class Progress:
    """Writes lines, whole, from any thread.

    Args:
        names: The features that will run; the longest sets the width of the column.
        stream: Where to; stderr if not given.
    """

    def __init__(self, names: tuple[str, ...] = (), stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._names = names
        self._width = max(map(len, names), default=0)
        self._activities: dict[str, tuple[str, float]] = {}

    def line(self, text: str) -> None:
        """Writes one line."""
        stream = self._stream or sys.stderr
        with self._lock:
            stream.write(text + "\n")
            stream.flush()

    @contextmanager
    def activity(self, label: str, group: str) -> Iterator[None]:
        """Remembers what is being done while the block runs.

        Args:
            label: What `still` calls it.
            group: The job group of its Spark jobs.
        """
        with self._lock:
            self._activities[group] = (label, time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                self._activities.pop(group, None)

    def groups(self) -> list[str]:
        """Returns the job groups of what is being done, oldest first."""
        with self._lock:
            return list(self._activities)

    def label(self, feature: str) -> str:
        """Returns `[3/8] discounts`, padded to one width."""
        total = len(self._names)
        position = f"{self._names.index(feature) + 1:>{len(str(total))}}"
        return f"[{position}/{total}] {feature:<{self._width}}"

    def built(self, alias: str, seconds: float) -> None:
        """Writes that a feature is built; it is computed with what reads it."""
        self.line(f"{self.label(alias)}  {'built':<10} {'':>18} {'':>9} {'':>22} {duration(seconds):>7}")

    def checkpoint(self, alias: str, seconds: float, *, rows: int, size: int, stages: int, tasks: int) -> None:
        """Writes that a feature's checkpoint is there."""
        done = f"{_rows(rows):>18} {amount(size):>9} {_work(stages, tasks):>22}"
        self.line(f"{self.label(alias)}  checkpoint {done} {duration(seconds):>7}")

    def published(self, alias: str, path: str, seconds: float, *, rows: int, size: int) -> None:
        """Writes that an output is there."""
        self.line(f"published {alias} → {path}  {_rows(rows)}  {amount(size)}  {duration(seconds)}")

    def still(self, group: str, *, stages: int, done: int, tasks: int) -> None:
        """Writes that something long is still going on."""
        with self._lock:
            known = self._activities.get(group)
        if known is not None:
            label, since = known
            took = duration(time.monotonic() - since)
            self.line(f"{label.rstrip()} … stage {stages}, {done:,}/{tasks:,} tasks, {took}")

    def warn(self, text: str) -> None:
        """Writes a warning."""
        self.line(f"warning: {text}")

    def error(self, error: SparkEtlError) -> None:
        """Writes what went wrong and what to do next."""
        self.line(f"error: {error.message}")
        if error.hint:
            self.line(f"  next: {error.hint}")


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _work(stages: int, tasks: int) -> str:
    """Returns what it took in Spark; nothing where that can't be told."""
    if not stages:
        return ""
    return f"{stages} {'stage' if stages == 1 else 'stages'}, {tasks:,} {'task' if tasks == 1 else 'tasks'}"
