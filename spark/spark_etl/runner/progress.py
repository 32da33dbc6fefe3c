"""What a person watching the run reads, on stderr; stdout stays free for data."""

from __future__ import annotations

import sys
import threading
import time
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
        self.current: tuple[str, float] | None = None

    def line(self, text: str) -> None:
        """Writes one line."""
        stream = self._stream or sys.stderr
        with self._lock:
            stream.write(text + "\n")
            stream.flush()

    def started(self, label: str) -> None:
        """Remembers what is being done, for `still`."""
        self.current = (label, time.monotonic())

    def label(self, feature: str) -> str:
        """Returns `[3/8] discounts`, padded to one width."""
        total = len(self._names)
        position = f"{self._names.index(feature) + 1:>{len(str(total))}}"
        return f"[{position}/{total}] {feature:<{self._width}}"

    def feature(
        self, alias: str, what: str, seconds: float, *, rows: int | None = None, size: int | None = None
    ) -> None:
        """Writes that a feature is done."""
        counted = "" if rows is None else f"{rows:,} {'row' if rows == 1 else 'rows'}"
        weighed = "" if size is None else amount(size)
        self.line(f"{self.label(alias)}  {what:<10} {counted:>18} {weighed:>9} {duration(seconds):>7}")

    def published(self, alias: str, path: str, seconds: float, *, rows: int, size: int) -> None:
        """Writes that an output is there."""
        counted = f"{rows:,} {'row' if rows == 1 else 'rows'}"
        self.line(f"published {alias} → {path}  {counted}  {amount(size)}  {duration(seconds)}")

    def still(self, tasks: str) -> None:
        """Writes that something long is still going on."""
        if self.current is not None:
            label, since = self.current
            self.line(f"{label.rstrip()} … {tasks}, {duration(time.monotonic() - since)}")

    def warn(self, text: str) -> None:
        """Writes a warning."""
        self.line(f"warning: {text}")

    def error(self, error: SparkEtlError) -> None:
        """Writes what went wrong and what to do next."""
        self.line(f"error: {error.message}")
        if error.hint:
            self.line(f"  next: {error.hint}")
