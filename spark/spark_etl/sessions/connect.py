"""Spark Connect sessions: the driver is a server elsewhere, and this process only sends it plans."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from spark_etl.errors import ArgumentError, RunFailedError, SparkEtlError
from spark_etl.sessions.lost import translate_lost_sessions

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONNECT_PORT = 15002
ANSWER_SECONDS = 3
# Together three quarters of a minute: a server that restarts is back by then, and Spark's own ten minutes are silent.
MOST_RETRIES, LONGEST_PAUSE_MILLISECONDS = 12, 5000
CONNECT_MODE = "SPARK_CONNECT_MODE_ENABLED"
# Rows of createDataFrame() are sent with the plan up to this size; above it the client uploads them, and 4.1 then fails
# to read them back ("Not enough bytes in channel").
LOCAL_ROWS = ("spark.sql.session.localRelationCacheThreshold", str(64 << 20))


def check_address(url: str, what: str) -> None:
    """Refuses an address that is none of Spark Connect, or that has a token in it, for anybody to read.

    Raises:
        ArgumentError: The message says which of both.
    """
    parts = urlsplit(url)
    if parts.scheme != "sc" or not parts.hostname:
        raise ArgumentError(
            f"{what}: no address of a Spark Connect server: {parts.netloc or 'nothing'}", hint="sc://host:15002"
        )
    if "token=" in parts.path:
        raise ArgumentError(
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
    url, token = server_address(url, token)
    check_port(url)
    os.environ[CONNECT_MODE] = "1"  # without it, pyspark.sql.functions look for a JVM in this process
    failed: Exception | None = None
    for _ in range(2):  # the session from before may be one that the server has forgotten
        try:
            return _open_session(url, token)
        except Exception as error:  # noqa: BLE001 - gRPC and Spark have many, and each means no session
            failed = error
    raise _refused(url, " ".join(str(failed).split())) from failed


def _refused(url: str, reason: str) -> RunFailedError:
    """Returns the error of a server that gives no session."""
    server = urlsplit(url).netloc
    if "authentication token" in reason.lower() and "JUPYTERHUB_USER" in os.environ:
        return RunFailedError(
            f"Spark Connect at {server} does not know this server: the stack's secrets were made anew after it started",
            hint="save your work, stop your server in File > Hub Control Panel, and start it again",
        )
    return RunFailedError(f"Spark Connect at {server} refuses a session: {reason[:200]}", hint="./sandbox doctor")


def server_address(url: str | None, token: str | None) -> tuple[str, str | None]:
    """Returns address and token of the Spark Connect server that is meant.

    Raises:
        SparkEtlError: None is named.
    """
    url = url or os.environ.get("SANDBOX_CONNECT_URL") or os.environ.get("SPARK_REMOTE")
    if not url:
        raise SparkEtlError(
            "no Spark Connect server is named", hint='spark("sc://host:15002"), or set SANDBOX_CONNECT_URL'
        )
    token = token or os.environ.get("SANDBOX_CONNECT_TOKEN") or os.environ.get("SPARK_CONNECT_AUTHENTICATE_TOKEN")
    return url, token or None


def _open_session(url: str, token: str | None) -> SparkSession:
    """Returns the session if the server knows it; otherwise it is ended, so that the next one is new."""
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    session: Any = ConnectSession.builder.channelBuilder(token_channel(url, token)).getOrCreate()
    session.client.set_retry_policies([DefaultPolicy(max_retries=MOST_RETRIES, max_backoff=LONGEST_PAUSE_MILLISECONDS)])
    translate_lost_sessions(session, urlsplit(url).netloc)
    try:
        session.range(0).schema  # noqa: B018 - asks the server
    except Exception:
        session.stop()
        raise
    with suppress(Exception):  # a server of another version may not know it
        session.conf.set(*LOCAL_ROWS)
    return cast("SparkSession", session)


def token_channel(url: str, token: str | None) -> Any:
    """Returns the builder of a gRPC channel that sends the token with each call, without TLS.

    Spark's own client insists on TLS as soon as it knows a token, by the `sc://` address or by the environment, and the
    server does not speak it: so the token is hidden from it, unless the address asks for TLS (`;use_ssl=true`).
    """
    from pyspark.sql.connect.client import DefaultChannelBuilder

    class TokenChannelBuilder(DefaultChannelBuilder):  # type: ignore[misc, unused-ignore]
        @property
        def token(self) -> str | None:
            """The token as far as Spark's own client may know it."""
            return token if self.use_ssl else None

        def metadata(self) -> list[tuple[str, str]]:
            """Returns the headers of each call."""
            headers = list(super().metadata())
            if token and not self.use_ssl:
                headers.append(("authorization", f"Bearer {token}"))
            return headers

    return TokenChannelBuilder(url)


def release_session(url: str, token: str | None, session_id: str) -> None:
    """Ends a session that another process has left, with all that it runs.

    Raises:
        RunFailedError: The server does not answer.
    """
    from pyspark.sql.connect.client import SparkConnectClient

    check_port(url)
    address = url if urlsplit(url).path else f"{url}/"
    client: Any = SparkConnectClient(token_channel(f"{address};session_id={session_id}", token))
    client.release_session()


def check_port(url: str) -> None:
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
            f"no Spark Connect server answers at {host}:{port}: {error}", hint="./sandbox status"
        ) from None
