"""Keeps Spark's log from saying at length, and many times, what the runner says in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# "Initial job has not accepted any resources": the runner tells who holds them.
# The rest: each attempt of a failing task writes its 200 lines of stack trace into four logs; the runner tells why.
QUIET = (
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
