"""A Spark Connect server or a store that is gone: one sentence in place of what gRPC and Spark say of it."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from spark_etl.errors import RunFailedError
from spark_etl.storage import S3Settings, storage_for

# Of a server that has forgotten the session, as it is a new one; and of one that does not answer.
FORGOTTEN = re.compile(
    r"RESPONSE_ALREADY_RECEIVED|INVALID_HANDLE\.(SESSION|OPERATION)_(NOT_FOUND|CHANGED|CLOSED|ABANDONED)|SESSION_CHANGED"
)
UNAVAILABLE = re.compile(r"StatusCode\.UNAVAILABLE|RETRIES_EXCEEDED|failed to connect to all addresses|Socket closed")


# Of the AWS SDK, Hadoop's S3A, the MinIO SDK and `StorageError`.
NETWORK = re.compile(
    r"UnknownHost|ConnectException|Connection (refused|reset)|SdkClientException|HttpHostConnect|NoHttpResponse"
    r"|timed? ?out|NoRouteToHost|AWSClientIOException|does not answer",
    re.IGNORECASE,
)


# Where an error begins to tell what a query has raised, such as a function that has lost a connection of its own.
OF_A_QUERY = re.compile(r"PythonException|Traceback \(most recent call last\)|JVM stacktrace:")


class ServiceGoneError(RunFailedError):
    """Raised when what a session needs does not answer any more."""

    def _render_traceback_(self) -> list[str]:
        """Returns what IPython shows in place of a traceback: none of its lines is the cell's fault."""
        return [f"{type(self).__name__}: {self.message}", f"next: {self.hint}"]


class SessionLostError(ServiceGoneError):
    """Raised when the Spark Connect server is not there any more, or is another one than before."""


def explain_lost(error: BaseException, server: str) -> SessionLostError | None:
    """Returns what has become of a session's server; None for an error of another kind.

    Args:
        error: As gRPC or pyspark raises it.
        server: Its address, as people know it.
    """
    whole = f"{type(error).__name__} {error} {error.__cause__ or ''}"
    text = OF_A_QUERY.split(whole, maxsplit=1)[0]
    if FORGOTTEN.search(text):
        return SessionLostError(
            f"the Spark Connect server at {server} was restarted: this session is gone, with its DataFrames, cached "
            "frames and temporary views",
            hint="call spark() for a new session, then make the DataFrames again",
        )
    if UNAVAILABLE.search(text):
        return SessionLostError(
            f"the Spark Connect server at {server} does not answer any more",
            hint="once it is up again, call spark() for a new session, and make the DataFrames again",
        )
    return None


def explain_store_gone(error: BaseException) -> ServiceGoneError | None:
    """Returns that the store does not answer, if an error comes from that; None for any other."""
    if not NETWORK.search(f"{type(error).__name__} {error}"):
        return None
    settings = S3Settings.from_env()
    if settings.endpoint is None or storage_for("s3a://any", settings).answers():
        return None
    return ServiceGoneError(
        f"the S3 store at {settings.endpoint} does not answer any more",
        hint="once it is up again, run the cell again",
    )


def translate_lost_sessions(session: Any, server: str) -> None:
    """Makes a session raise `ServiceGoneError`; the same session may be given again.

    Args:
        session: Of Spark Connect.
        server: Its address, as people know it.
    """
    client = session.client
    if "_handle_error" in vars(client):
        return  # the same session again
    handle = client._handle_error

    def handle_error(error: Exception) -> NoReturn:
        gone: ServiceGoneError | None = explain_lost(error, server)
        try:
            if gone is None:
                handle(error)
        except Exception as raised:
            gone = explain_store_gone(raised)
            if gone is None:
                raise
        raise gone or error from None

    client._handle_error = handle_error
