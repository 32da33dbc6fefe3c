"""kill -TERM ends a run as Ctrl-C does: run.json is completed before the process ends."""

from __future__ import annotations

import os
import re
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from spark_etl.error_text import raw_text

PY4J = re.compile(r"(^|[/\\])py4j[/\\]")


class TerminatedError(KeyboardInterrupt):
    """Raised in the main thread by SIGTERM and SIGINT."""


def _raise(number: int, _frame: FrameType | None) -> None:
    ignore_signals()
    raise TerminatedError(signal.Signals(number).name)


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Turns SIGTERM and SIGINT into `TerminatedError` while the block runs; then they do what they did before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    install_handlers()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def install_handlers() -> None:
    """Handles both signals; again after a SparkContext was made, which takes SIGINT to call the JVM amid a call."""
    signal.signal(signal.SIGTERM, _raise)
    signal.signal(signal.SIGINT, _raise)


def ignore_signals() -> None:
    """Ignores both signals from now on: a second one does not cut the writing of run.json."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Defers both signals until the block has run; outside of the main thread none arrives anyway."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda number, _frame: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if arrived:
        signal.raise_signal(arrived[0])


def spark_was_stopped(error: BaseException) -> bool:
    """Returns whether a failure comes from a stop of Spark: under spark-submit a signal reaches the JVM first."""
    return "PYSPARK_GATEWAY_PORT" in os.environ and _was_shut_down(error)


def jvm_is_gone(error: BaseException) -> bool:
    """Returns whether a failure is that the driver's JVM does not answer any more."""
    return any(_is_of_the_connection(part) for part in _causes(error)) or _was_shut_down(error)


def _is_of_the_connection(error: BaseException) -> bool:
    """Returns whether py4j can't reach the JVM; code of the project has connections of its own."""
    if type(error).__name__ == "Py4JNetworkError":
        return True
    frames = traceback.extract_tb(error.__traceback__) if isinstance(error, ConnectionError) else []
    return any(PY4J.search(frame.filename) for frame in frames)


def _was_shut_down(error: BaseException) -> bool:
    return any("SparkContext was shut down" in raw_text(part) for part in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields the error and what it was raised from."""
    part: BaseException | None = error
    while part is not None:
        yield part
        part = part.__cause__ or part.__context__
