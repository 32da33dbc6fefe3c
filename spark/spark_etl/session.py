"""Spark sessions: the classic one of a run, and the Spark Connect one of a notebook."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from spark_etl.errors import SparkEtlError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONNECT_PORT = 15002
ANSWER_SECONDS = 3

# Timestamps that any Parquet reader understands, not the old INT96.
DEFAULTS = {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS"}


def build_session(app_name: str) -> SparkSession:
    """Returns a classic session on whatever master spark-submit was given; without one, in this process."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.appName(app_name).getOrCreate()
    for key, value in DEFAULTS.items():
        session.conf.set(key, value)
    return session


def connect_session(url: str | None = None, token: str | None = None) -> SparkSession:
    """Returns a Spark Connect session; the same one again as long as it lives.

    Args:
        url: `sc://host:port`; `SANDBOX_CONNECT_URL` if not given.
        token: What the server asks for; `SANDBOX_CONNECT_TOKEN` if not given.

    Raises:
        SparkEtlError: No server is named, none answers, or it refuses the token.
    """
    url = url or os.environ.get("SANDBOX_CONNECT_URL") or os.environ.get("SPARK_REMOTE")
    if not url:
        raise SparkEtlError(
            "no Spark Connect server is named", hint='connect_session("sc://host:15002"), or set SANDBOX_CONNECT_URL'
        )
    ask_port(url)
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"  # without it, pyspark.sql.functions look for a JVM in this process
    token = token or os.environ.get("SANDBOX_CONNECT_TOKEN")
    failed: Exception | None = None
    for _ in range(2):  # the session from before may be one that the server has forgotten
        try:
            return _answering(url, token)
        except Exception as error:  # noqa: BLE001 - gRPC and Spark have many, and each means no session
            failed = error
    reason = " ".join(str(failed).split())[:200]
    raise SparkEtlError(f"Spark Connect at {url} refuses a session: {reason}", hint="sandbox doctor") from failed


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
        SparkEtlError: Nothing listens there.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or CONNECT_PORT
    try:
        socket.create_connection((host, port), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        raise SparkEtlError(
            f"no Spark Connect server answers at {host}:{port}: {error}", hint="sandbox status"
        ) from None
