"""Keeps Spark's log from saying at length, and many times, what the runner says in a few lines."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# "Fair scheduler configuration not found": pools are made as they are named.
# "Initial job has not accepted any resources": the runner tells who holds them.
# The rest: each attempt of a failing task writes its 200 lines of stack trace into four logs; the runner tells why.
QUIET = (
    "org.apache.spark.scheduler.FairSchedulableBuilder",
    "org.apache.spark.scheduler.TaskSchedulerImpl",
    "org.apache.spark.scheduler.TaskSetManager",
    "org.apache.spark.executor.Executor",
    "org.apache.spark.util.Utils",
    "org.apache.spark.sql.execution.datasources.FileFormatWriter",
)


def quiet(spark: SparkSession) -> None:
    """Silences the loggers whose words the runner says better; with `--debug` they are left alone."""
    context: Any = spark.sparkContext
    log4j = context._jvm.org.apache.logging.log4j
    for name in QUIET:
        log4j.core.config.Configurator.setLevel(name, log4j.Level.FATAL)


def quiet_py4j() -> None:
    """Drops the traceback that py4j writes for each call that was cut off, through the root logger and its own."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_of_py4j)


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
