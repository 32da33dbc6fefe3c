"""Chooses between classic Spark, Spark in this process, and Spark Connect."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from spark_etl.errors import ArgumentError
from spark_etl.names import listing
from spark_etl.runner.backend.base import Backend
from spark_etl.runner.backend.classic import ClassicBackend
from spark_etl.runner.backend.connect import ConnectBackend
from spark_etl.sessions.classic import LOCAL_MASTER, LOCAL_SETTINGS, daemon_settings, use_this_python
from spark_etl.sessions.connect import CONNECT_MODE, check_address, connect_session
from spark_etl.storage import is_s3

THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


def resolve_remote(remote: str | None, *, local: bool) -> str | None:
    """Returns the Spark Connect server that a run is meant for; None for classic Spark.

    Rules, the first that holds:
        1. `--local` is classic, in this process; together with `--remote` it is refused.
        2. `--remote sc://…` is that server.
        3. `--remote` without an address is `SANDBOX_CONNECT_URL` or `SPARK_REMOTE`.
        4. `SPARK_REMOTE` alone is that server, unless spark-submit has started a driver for this run.
        5. All else is classic.

    Args:
        remote: What `--remote` says: None if it is not given, empty if it is given without an address.

    Raises:
        ArgumentError: Both are given, no server is named, or the address is none or has a token in it.
    """
    if local:
        if remote is not None:
            raise ArgumentError("--local and --remote exclude each other: Spark is either here or there")
        return None
    if remote:
        check_address(remote, "--remote")
        return remote
    if remote is None:
        submitted = "PYSPARK_GATEWAY_PORT" in os.environ
        return None if submitted else os.environ.get("SPARK_REMOTE") or None
    named = os.environ.get("SANDBOX_CONNECT_URL") or os.environ.get("SPARK_REMOTE")
    if not named:
        raise ArgumentError("--remote names no server", hint="name it: `--remote sc://host:15002`, or set SPARK_REMOTE")
    return named


def check_reachable(remote: str | None, paths: Iterable[str]) -> None:
    """Refuses folders of this machine together with a server on another: each would see files of its own.

    Args:
        remote: What `resolve_remote` returned.
        paths: Where the run is kept and what it publishes, normalised.

    Raises:
        ArgumentError: Names the paths.
    """
    if remote is None or urlsplit(remote).hostname in THIS_MACHINE:
        return
    local = [path for path in paths if not is_s3(path)]
    if local:
        raise ArgumentError(
            f"the Spark Connect server {urlsplit(remote).netloc} can't use local folders: {listing(local)}",
            hint="give paths that both reach, such as --scratch-path s3a://my-bucket/scratch/",
        )


@contextmanager
def connect_mode(remote: str | None) -> Iterator[None]:
    """Makes pyspark's functions those of Spark Connect inside, and a session be there, if there is a server.

    To be entered before the project's modules are imported: a `@udf("string")` in them is made of one kind when it is
    defined, and the server is asked then what type that is.

    Raises:
        RunFailedError: The server does not answer, or refuses the token.
    """
    if remote is None:
        yield
        return
    before = os.environ.get(CONNECT_MODE)
    try:
        session: Any = connect_session(remote)
        try:
            yield
        finally:
            if not session.is_stopped:
                session.stop()
    finally:
        os.environ.pop(CONNECT_MODE, None)
        if before is not None:
            os.environ[CONNECT_MODE] = before


def open_backend(
    app_name: str,
    settings: Mapping[str, str],
    remote: str | None = None,
    *,
    local: bool = False,
    quiet: bool = True,
    show_log: Callable[[str], None] | None = None,
) -> Backend:
    """Returns a backend with a session.

    Args:
        app_name: Shown on Spark's pages.
        settings: Of the config's `spark:` section; they win over what spark-submit was given, as in any Spark program.
        remote: What `resolve_remote` returned.
        local: Whether Spark is to run in this process, whatever master is configured.
        quiet: Whether Spark's loggers that say at length what the runner says in a line are silenced.
        show_log: Gets what a JVM that is started logs, without stack traces, if it is to be quiet.

    Raises:
        RunFailedError: There is no pyspark, or no Java.
        ConfigError: A Spark Connect server does not take one of the settings.
        SparkEtlError: The server does not answer.
    """
    if remote is not None:
        return ConnectBackend.open(remote, settings)
    if not local:
        return ClassicBackend.open(app_name, settings, master=None, quiet=quiet, show_log=show_log)
    use_this_python()
    settings = {**LOCAL_SETTINGS, **daemon_settings(), **settings}
    return ClassicBackend.open(app_name, settings, master=LOCAL_MASTER, quiet=quiet, show_log=show_log)
