"""Under spark-submit, kill -TERM goes to the JVM: a shutdown hook passes it on, and waits until run.json is written."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SHUTDOWN_SECONDS = 10.0


class _Hook:
    """A java.lang.Runnable that the JVM runs when it is about to end."""

    def __init__(self) -> None:
        self.done = threading.Event()

    def run(self) -> None:
        """Passes the signal on, and returns when this process has written its run.json."""
        os.kill(os.getpid(), signal.SIGTERM)
        self.done.wait(SHUTDOWN_SECONDS)

    class Java:
        """What py4j asks for."""

        implements = ("java.lang.Runnable",)


@contextmanager
def install_jvm_shutdown_hook() -> Iterator[None]:
    """Makes an end of the JVM reach this process as a SIGTERM while the block runs, if spark-submit started it."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        yield
        return
    from pyspark import SparkContext
    from pyspark.java_gateway import ensure_callback_server_started

    context: Any = SparkContext
    context._ensure_initialized()  # takes up the gateway that spark-submit has opened; no context is made yet
    ensure_callback_server_started(context._gateway)
    hook, lang = _Hook(), context._jvm.java.lang
    thread, runtime = lang.Thread(hook), lang.Runtime.getRuntime()
    runtime.addShutdownHook(thread)
    try:
        yield
    finally:
        hook.done.set()
        _remove(runtime, thread)


def _remove(runtime: Any, thread: Any) -> None:
    try:
        runtime.removeShutdownHook(thread)
    except Exception:  # noqa: BLE001 - it is running, or the JVM is gone
        return
