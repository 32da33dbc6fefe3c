"""kill -TERM ends a run as Ctrl-C does: it is told in run.json before the process goes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TerminatedError(KeyboardInterrupt):
    """Raised in the main thread by SIGTERM."""


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise TerminatedError("SIGTERM")


@contextmanager
def terminable() -> Iterator[None]:
    """Turns SIGTERM into `TerminatedError` while the block runs."""
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def ignore_further() -> None:
    """Lets the last words be written: a second signal does not cut them."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def spark_was_stopped(error: BaseException | None) -> bool:
    """Tells whether a failure is only the echo of a stop: under spark-submit a signal may reach the JVM first."""
    while error is not None:
        if "SparkContext was shut down" in str(error) or "stopped SparkContext" in str(error):
            return "PYSPARK_GATEWAY_PORT" in os.environ
        error = error.__cause__
    return False
