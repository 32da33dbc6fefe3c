"""The Spark of a process that tests features: local, made at the first test that needs it; or one of a stack."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spark_etl.sessions.classic import LOCAL_SETTINGS, build_session, running_spark, use_this_python
from spark_etl.sessions.connect import CONNECT_MODE, connect_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER = "local[2]"
# Frames of a few rows: a second compiler, a second garbage collector and many partitions take more than they save.
JVM_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"
SETTINGS = {
    **LOCAL_SETTINGS,
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": JVM_OPTIONS,
    "spark.log.level": "ERROR",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
}
LAUNCHER = "SPARK_LAUNCHER_OPTS"  # of the small JVM that only prints the command line of the other one


def local_session() -> SparkSession:
    """Returns this process's session; one that is there already, whoever has made it, is taken as it is.

    Raises:
        RunFailedError: There is no pyspark, or no Java.
    """
    if running_spark().has_context:
        from pyspark.sql import SparkSession as Classic

        found: SparkSession = Classic.builder.getOrCreate()
        return found
    use_this_python()
    os.environ.setdefault(LAUNCHER, JVM_OPTIONS)
    warehouse = os.path.join(tempfile.gettempdir(), f"spark-warehouse-{os.getuid()}")  # noqa: PTH118 - only a name
    settings: dict[str, Any] = {**SETTINGS, "spark.sql.warehouse.dir": warehouse}
    return build_session("feature_case", settings, MASTER)


@contextmanager
def remote_session(url: str, token: str) -> Iterator[SparkSession]:
    """Gives a session of a Spark Connect server while the block runs.

    pyspark's functions make columns for one kind of session at a time: in the block for this one, outside of it for
    the one of `local_session`.

    Args:
        url: `sc://host:port`.
        token: What the server asks for.

    Raises:
        RunFailedError: None answers, or it refuses the token.
    """
    before = os.environ.get(CONNECT_MODE)
    try:
        session = connect_session(url, token)
        try:
            yield session
        finally:
            session.stop()
    finally:
        os.environ.pop(CONNECT_MODE, None)
        if before is not None:
            os.environ[CONNECT_MODE] = before
