"""Classic sessions: the driver is a JVM beside this process."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.errors import RunFailedError
from spark_etl.sessions.jvm_log import filtered_pipe

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Timestamps that any Parquet reader understands, not the old INT96.
DEFAULTS = {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS"}

LOCAL_MASTER = "local[*]"
# Spark on one machine for one person: nothing listens beyond it, and nothing of a cluster's settings is needed.
LOCAL_SETTINGS = {
    "spark.authenticate": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.dynamicAllocation.enabled": "false",
    "spark.eventLog.enabled": "false",
    "spark.io.encryption.enabled": "false",
    "spark.network.crypto.enabled": "false",
    "spark.ui.enabled": "false",
}

# A JVM takes these when it starts, or never.
JVM_START_SETTINGS = (
    "spark.driver.memory",
    "spark.driver.extraJavaOptions",
    "spark.driver.defaultJavaOptions",
    "spark.driver.extraClassPath",
    "spark.driver.extraLibraryPath",
    "spark.jars",
)
DAEMON = {"spark.python.daemon.module": "spark_etl.sessions.python_daemon"}
PROGRESS_BAR = "spark.ui.showConsoleProgress"
SCHEDULER_MODE = "spark.scheduler.mode"


@dataclass(frozen=True)
class RunningSpark:
    """What of Spark runs in this process.

    Attributes:
        conf: The settings of the JVM; None if none is running.
        has_context: Whether there is a context, such as the pyspark shell's.
    """

    conf: dict[str, str] | None
    has_context: bool


def running_spark() -> RunningSpark:
    """Returns what of Spark runs in this process; under spark-submit that is a JVM."""
    pyspark = _pyspark()
    context = pyspark.SparkContext
    if context._gateway is None and "PYSPARK_GATEWAY_PORT" in os.environ:
        context._ensure_initialized()
    conf = dict(pyspark.SparkConf().getAll()) if context._gateway is not None else None
    return RunningSpark(conf, context._active_spark_context is not None)


def build_session(
    app_name: str,
    settings: Mapping[str, str] | None = None,
    master: str | None = None,
    *,
    show_log: Callable[[str], None] | None = None,
) -> SparkSession:
    """Returns a classic session.

    Args:
        app_name: Shown on Spark's pages.
        settings: They win over what spark-submit was given; see `settings_without_effect`.
        master: Where it runs; whatever spark-submit was given if None, and in this process without that.
        show_log: Gets what its JVM logs, without stack traces; if not given, the JVM writes to stderr by itself.

    Raises:
        RunFailedError: There is no pyspark, or no Java.
    """
    pyspark = _pyspark()
    settings = dict(settings or {})
    _launch_jvm(pyspark, settings, show_log)
    builder = pyspark.sql.SparkSession.builder.appName(app_name)
    if master:
        builder = builder.master(master)
    if not pyspark.SparkConf().contains(SCHEDULER_MODE):
        settings.setdefault(SCHEDULER_MODE, "FAIR")  # features that are written at the same time share the cores
    settings.setdefault(PROGRESS_BAR, "false")  # it overwrites the runner's own lines
    for key, value in settings.items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    for key, value in DEFAULTS.items():
        session.conf.set(key, settings.get(key, value))
    return session


def settings_without_effect(spark: SparkSession, settings: Mapping[str, str], before: RunningSpark) -> tuple[str, ...]:
    """Returns the settings that have no effect: those of a context or a JVM that was there before the session was.

    Args:
        before: What `running_spark` returned before the session was built.
    """
    conf = before.conf
    if conf is None:
        return ()
    wrong = [key for key, value in settings.items() if conf.get(key) != value]
    if before.has_context:
        return tuple(key for key in wrong if not spark.conf.isModifiable(key))
    return tuple(key for key in wrong if key.startswith(JVM_START_SETTINGS))


def use_this_python() -> None:
    """Makes Python workers on this machine run this Python, unless the environment says otherwise."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def daemon_settings() -> dict[str, str]:
    """Returns the setting of spark_etl's daemon, where Python workers on this machine can import it."""
    folder = str(Path(__file__).resolve().parents[2])
    importable = folder in {*site.getsitepackages(), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    return DAEMON if importable and os.environ.get("PYSPARK_PYTHON") == sys.executable else {}


def _pyspark() -> Any:
    try:
        import pyspark.sql
    except ImportError:
        raise RunFailedError("this Python has no pyspark", hint="pip install pyspark") from None
    return pyspark


def _launch_jvm(pyspark: Any, settings: Mapping[str, str], show_log: Callable[[str], None] | None) -> None:
    """Starts the JVM with what it takes on its command line only; the rest, which may be secret, is set later."""
    launch = pyspark.SparkConf(loadDefaults=False)
    for key, value in settings.items():
        if key.startswith(JVM_START_SETTINGS):
            launch.set(key, value)
    try:
        gateway = None if show_log is None else _gateway(pyspark, launch, show_log)
        pyspark.SparkContext._ensure_initialized(gateway=gateway, conf=launch)
    except pyspark.errors.PySparkRuntimeError as error:
        raise RunFailedError(
            f"Spark's JVM does not start: {error}", hint="install Java 17 or 21, and set JAVA_HOME if it is not found"
        ) from error


def _gateway(pyspark: Any, launch: Any, show_log: Callable[[str], None]) -> Any:
    """Returns the way to a new JVM whose stderr is read here; None if there is one, or spark-submit has started it."""
    if pyspark.SparkContext._gateway is not None or "PYSPARK_GATEWAY_PORT" in os.environ:
        return None
    from pyspark.java_gateway import launch_gateway

    stderr = filtered_pipe(show_log)
    try:
        return launch_gateway(launch, {"stderr": stderr})
    finally:
        os.close(stderr)
