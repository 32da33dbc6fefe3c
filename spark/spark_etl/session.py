"""Spark sessions: the classic one of a run, and the Spark Connect one of a notebook."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from spark_etl.errors import RunFailedError, SparkEtlError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONNECT_PORT = 15002
ANSWER_SECONDS = 3

# Timestamps that any Parquet reader understands, not the old INT96.
DEFAULTS = {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS"}

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

# What a JVM is told when it starts, or never.
OF_THE_JVM = (
    "spark.driver.memory",
    "spark.driver.extraJavaOptions",
    "spark.driver.defaultJavaOptions",
    "spark.driver.extraClassPath",
    "spark.driver.extraLibraryPath",
    "spark.jars",
)
PROGRESS_BAR = "spark.ui.showConsoleProgress"
SCHEDULER_MODE = "spark.scheduler.mode"
CONNECT_MODE = "SPARK_CONNECT_MODE_ENABLED"


@dataclass(frozen=True)
class AlreadyThere:
    """What of Spark was running in this process before a session was asked for.

    Attributes:
        conf: The settings of the JVM; None if none was running.
        context: Whether there was a context, such as the pyspark shell's.
    """

    conf: dict[str, str] | None
    context: bool


def already_there() -> AlreadyThere:
    """Returns what is running in this process; under spark-submit that is a JVM."""
    pyspark = _pyspark()
    context = pyspark.SparkContext
    if context._gateway is None and "PYSPARK_GATEWAY_PORT" in os.environ:
        context._ensure_initialized()
    conf = dict(pyspark.SparkConf().getAll()) if context._gateway is not None else None
    return AlreadyThere(conf, context._active_spark_context is not None)


def build_session(app_name: str, settings: Mapping[str, str] | None = None, master: str | None = None) -> SparkSession:
    """Returns a classic session.

    Args:
        app_name: Shown on Spark's pages.
        settings: They win over what spark-submit was given; see `came_too_late`.
        master: Where it runs; whatever spark-submit was given if None, and in this process without that.

    Raises:
        RunFailedError: There is no pyspark, or no Java.
    """
    pyspark = _pyspark()
    settings = dict(settings or {})
    _launch_jvm(pyspark, settings)
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


def came_too_late(spark: SparkSession, settings: Mapping[str, str], before: AlreadyThere) -> tuple[str, ...]:
    """Returns the settings that have no effect: those of a context or a JVM that was there before the session was.

    Args:
        before: What `already_there` returned before the session was built.
    """
    conf = before.conf
    if conf is None:
        return ()
    wrong = [key for key, value in settings.items() if conf.get(key) != value]
    if before.context:
        return tuple(key for key in wrong if not spark.conf.isModifiable(key))
    return tuple(key for key in wrong if key.startswith(OF_THE_JVM))


def prepare_local() -> None:
    """Makes Python workers on this machine run this Python, unless the environment says otherwise."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def _pyspark() -> Any:
    try:
        import pyspark.sql
    except ImportError:
        raise RunFailedError("this Python has no pyspark", hint="pip install pyspark") from None
    return pyspark


def _launch_jvm(pyspark: Any, settings: Mapping[str, str]) -> None:
    """Starts the JVM with what it takes on its command line only; the rest, which may be secret, is told it later."""
    launch = pyspark.SparkConf(loadDefaults=False)
    for key, value in settings.items():
        if key.startswith(OF_THE_JVM):
            launch.set(key, value)
    try:
        pyspark.SparkContext._ensure_initialized(conf=launch)
    except pyspark.errors.PySparkRuntimeError as error:
        raise RunFailedError(
            f"Spark's JVM does not start: {error}", hint="install Java 17 or 21, and set JAVA_HOME if it is not found"
        ) from error


def check_address(url: str, what: str) -> None:
    """Refuses an address that is none of Spark Connect, or that tells a secret to whoever reads the command line.

    Raises:
        UsageError: Says which of both.
    """
    parts = urlsplit(url)
    if parts.scheme != "sc" or not parts.hostname:
        raise UsageError(
            f"{what}: no address of a Spark Connect server: {parts.netloc or 'nothing'}", hint="sc://host:15002"
        )
    if "token=" in parts.path:
        raise UsageError(
            f"{what}: a token in the address is read by everybody on this machine, and kept in run.json",
            hint="set SPARK_CONNECT_AUTHENTICATE_TOKEN instead",
        )


def connect_session(url: str | None = None, token: str | None = None) -> SparkSession:
    """Returns a Spark Connect session; the same one again as long as it lives.

    Args:
        url: `sc://host:port`; `SANDBOX_CONNECT_URL` if not given.
        token: What the server asks for; `SANDBOX_CONNECT_TOKEN` if not given.

    Raises:
        SparkEtlError: No server is named.
        RunFailedError: None answers, or it refuses the token.
    """
    url = url or os.environ.get("SANDBOX_CONNECT_URL") or os.environ.get("SPARK_REMOTE")
    if not url:
        raise SparkEtlError(
            "no Spark Connect server is named", hint='connect_session("sc://host:15002"), or set SANDBOX_CONNECT_URL'
        )
    ask_port(url)
    os.environ[CONNECT_MODE] = "1"  # without it, pyspark.sql.functions look for a JVM in this process
    token = (
        token or os.environ.get("SANDBOX_CONNECT_TOKEN") or os.environ.get("SPARK_CONNECT_AUTHENTICATE_TOKEN") or None
    )
    failed: Exception | None = None
    for _ in range(2):  # the session from before may be one that the server has forgotten
        try:
            return _answering(url, token)
        except Exception as error:  # noqa: BLE001 - gRPC and Spark have many, and each means no session
            failed = error
    reason = " ".join(str(failed).split())[:200]
    raise RunFailedError(
        f"Spark Connect at {urlsplit(url).netloc} refuses a session: {reason}", hint="sandbox doctor"
    ) from failed


def _answering(url: str, token: str | None) -> SparkSession:
    """Returns the session if the server knows it; otherwise it is ended, so that the next one is new."""
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    from spark_etl.connect_channel import TokenChannelBuilder

    session: Any = ConnectSession.builder.channelBuilder(TokenChannelBuilder(url, token)).getOrCreate()
    try:
        session.range(0).schema  # noqa: B018 - asks the server
    except Exception:
        session.stop()
        raise
    return cast("SparkSession", session)


def ask_port(url: str) -> None:
    """Refuses a server that does not answer; Spark's own client would try for ten minutes without a word.

    Raises:
        RunFailedError: Nothing listens there.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or CONNECT_PORT
    try:
        socket.create_connection((host, port), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        raise RunFailedError(
            f"no Spark Connect server answers at {host}:{port}: {error}", hint="sandbox status"
        ) from None
