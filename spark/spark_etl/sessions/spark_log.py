"""Silences what Spark logs at length, and many times, where the runner or a cell says it in a line."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# "Fair scheduler configuration not found": pools are made as they are named.
# "Initial job has not accepted any resources": the runner says who holds them.
# JavaUtils: a kernel that is shut down ends the `rm` of its driver, which then deletes its files itself.
# Transport: each message to an executor that is gone, or slow under load, has a trace of 30 lines.
# The rest: each attempt of a failing task writes its 200 lines of stack trace into four logs; the runner says why.
QUIET_LOGGERS = (
    "org.apache.spark.scheduler.FairSchedulableBuilder",
    "org.apache.spark.scheduler.TaskSchedulerImpl",
    "org.apache.spark.scheduler.TaskSetManager",
    "org.apache.spark.executor.Executor",
    "org.apache.spark.network.client.TransportClient",
    "org.apache.spark.network.client.TransportResponseHandler",
    "org.apache.spark.network.server.TransportChannelHandler",
    "org.apache.spark.network.util.JavaUtils",
    "org.apache.spark.util.Utils",
    "org.apache.spark.sql.execution.datasources.FileFormatWriter",
)

# Loggers of pyspark that say as an ERROR what is raised at that moment.
LOGGERS_OF_RAISED_ERRORS = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")


def quiet_spark(spark: SparkSession) -> None:
    """Silences `QUIET_LOGGERS` in the JVM of a session."""
    context: Any = spark.sparkContext
    log4j = context._jvm.org.apache.logging.log4j
    for name in QUIET_LOGGERS:
        log4j.core.config.Configurator.setLevel(name, log4j.Level.FATAL)


def quiet_py4j() -> None:
    """Drops what pyspark and py4j log of an error that they also raise.

    py4j writes a traceback for each call that was cut off, through the root logger and its own; pyspark writes all of
    Spark's stack trace as one line of 10 kB.
    """
    for name in ("py4j", *LOGGERS_OF_RAISED_ERRORS):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_of_py4j)


def stop_session(spark: SparkSession, *, silently: bool) -> None:
    """Ends the session; `silently` drops the errors that Spark logs of tasks which still run."""
    try:
        if silently:
            spark.sparkContext.setLogLevel("OFF")
        spark.stop()
    except Exception:  # noqa: BLE001 - the JVM may be gone already: then there is nothing to stop
        return


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return "py4j" not in record.pathname
