"""A log that can't be flooded: a line that repeats is logged once a minute, with how often it came."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

SECONDS = 60
MAX_KINDS = 100


class LogLimit(logging.Filter):
    """Lets a line pass unless one of its kind has passed within the minute; a traceback always passes.

    Two lines are of a kind if their text begins alike before anything is filled in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether to log a line."""
        if record.exc_info:
            return True
        kind, now = str(record.msg)[:40], self._clock()
        last, left_out = self._kinds.get(kind, (-float(SECONDS), 0))
        if now - last < SECONDS:
            self._kinds[kind] = (last, left_out + 1)
            return False
        if len(self._kinds) >= MAX_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        if left_out:
            record.msg = f"{record.msg} [and {left_out} more of the kind before]"
        return True

    def reset(self) -> None:
        """Lets every line pass again."""
        self._kinds.clear()


LOG_LIMIT = LogLimit()
