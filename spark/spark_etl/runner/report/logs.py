"""Keeps Spark's log from saying at length, and many times, what the runner says in a few lines."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_etl.runner.report.events import Level
    from spark_etl.runner.report.progress import Progress

# "Fair scheduler configuration not found": pools are made as they are named.
# "Initial job has not accepted any resources": the runner tells who holds them.
# JavaUtils: a kernel that is shut down ends the `rm` of its driver, which then deletes its files itself.
# The rest: each attempt of a failing task writes its 200 lines of stack trace into four logs; the runner tells why.
QUIET = (
    "org.apache.spark.scheduler.FairSchedulableBuilder",
    "org.apache.spark.scheduler.TaskSchedulerImpl",
    "org.apache.spark.scheduler.TaskSetManager",
    "org.apache.spark.executor.Executor",
    "org.apache.spark.network.util.JavaUtils",
    "org.apache.spark.util.Utils",
    "org.apache.spark.sql.execution.datasources.FileFormatWriter",
)

# Loggers of pyspark that say as an ERROR what is raised at that moment.
RAISED_TOO = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")


def quiet(spark: SparkSession) -> None:
    """Silences the loggers whose words the runner says better; with `--debug` they are left alone."""
    context: Any = spark.sparkContext
    log4j = context._jvm.org.apache.logging.log4j
    for name in QUIET:
        log4j.core.config.Configurator.setLevel(name, log4j.Level.FATAL)


def quiet_py4j() -> None:
    """Drops what pyspark and py4j log of an error that they also raise.

    py4j writes a traceback for each call that was cut off, through the root logger and its own; pyspark writes all of
    Spark's stack trace as one line of 10 kB.
    """
    for name in ("py4j", *RAISED_TOO):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_of_py4j)


@contextmanager
def told_as_events(progress: Progress) -> Iterator[None]:
    """Makes events of what Python code logs and warns of inside, so that a JSON log has no other lines."""
    handler = _EventHandler(progress)
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.handlers = before


class _EventHandler(logging.Handler):
    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.WARNING)
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        """Tells a record."""
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        self._progress.tell("log", record.getMessage().strip(), level=level, logger=record.name)


def stop(spark: SparkSession, *, silently: bool) -> None:
    """Ends the session; what Spark says while it is stopped under running tasks is nobody's error."""
    try:
        if silently:
            spark.sparkContext.setLogLevel("OFF")
        spark.stop()
    except Exception:  # noqa: BLE001 - the JVM may be gone already: then there is nothing to stop
        return


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return "py4j" not in record.pathname
