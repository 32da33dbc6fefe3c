"""`spark()`: the session of a notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from spark_etl.errors import UsageError
from spark_etl.machine import memory_limit
from spark_etl.sessions.attendant import attend
from spark_etl.sessions.classic import PROGRESS_BAR, build_session
from spark_etl.sessions.connect import CONNECT_MODE, connect_session, server
from spark_etl.sessions.kernel import Watch, running_shell
from spark_etl.sessions.memory import heap
from spark_etl.sessions.work import REPORT_SECONDS, ClassicWork, ConnectWork, Source

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Kind = Literal["connect", "classic"]

SPOKEN: dict[Kind, str] = {"connect": "a Spark Connect session", "classic": "a driver of its own"}
ASKED: dict[Kind, str] = {"connect": "spark()", "classic": "spark(classic=True)"}
# Each kernel of a server has a driver: their pages take whatever port is free, and the master knows which.
OWN = {"spark.ui.port": "0", PROGRESS_BAR: "false"}
REPORTS = "spark.connect.progress.reportInterval"

_watches: list[tuple[object, Watch]] = []  # at most one: cells tell of one session


def spark(
    url: str | None = None,
    token: str | None = None,
    *,
    classic: bool | None = None,
    settings: Mapping[str, str] | None = None,
) -> SparkSession:
    """Returns the session of this notebook; the same one again as long as it lives.

    Args:
        url: `sc://host:port` of a Spark Connect server; `SANDBOX_CONNECT_URL` if not given.
        token: What that server asks for; `SANDBOX_CONNECT_TOKEN` if not given.
        classic: Whether it has a driver of its own, a JVM in this container. If not given: the session that is there,
            and Spark Connect if there is none.
        settings: Of a driver of its own, when it starts.

    Raises:
        UsageError: This process has a session of the other kind, or settings are given for a server that runs.
        SparkEtlError: No server is named.
        RunFailedError: None answers, or it refuses the token; or the driver does not start.
    """
    there = present()
    kind: Kind = "classic" if classic else "connect" if classic is False or url else there or "connect"
    if there and there != kind:
        raise UsageError(
            f"this process has {SPOKEN[there]} already, and pyspark's functions (F.col, udf, Window) serve one kind of "
            "session at a time",
            hint=f"restart the kernel, or {ASKED[there]}.stop(), and then {ASKED[kind]}",
        )
    if settings and (there or kind == "connect"):
        raise UsageError(
            "settings are taken by a driver of your own when it starts, and by no other session",
            hint="spark().conf.set(…), or restart the kernel and spark(classic=True, settings={…})",
        )
    session: Any = _driver(settings or {}) if kind == "classic" else connect_session(url, token)
    shell = running_shell()
    if shell is not None and not any(watched is session for watched, _ in _watches):
        if kind == "connect":
            attend(*server(url, token), session.session_id)
        _watch(shell, session, kind)
    return session


def present() -> Kind | None:
    """Returns the kind of session that lives in this process; imports nothing to find out."""
    core = sys.modules.get("pyspark.core.context")
    if core and core.SparkContext._active_spark_context is not None:
        return "classic"
    connect = sys.modules.get("pyspark.sql.connect.session")
    return "connect" if connect and connect.SparkSession._get_default_session() else None


def _driver(settings: Mapping[str, str]) -> SparkSession:
    """Returns a session whose driver is in this container, where executors call back."""
    if present() is None:
        os.environ.pop(CONNECT_MODE, None)  # of a session that was stopped
    address = os.environ.get("SPARK_LOCAL_IP")
    here = {"spark.driver.host": address, "spark.driver.bindAddress": address} if address else {}
    own = {**OWN, "spark.driver.memory": heap(memory_limit()), **here, **settings}
    user = os.environ.get("JUPYTERHUB_USER") or os.environ.get("USER") or "somebody"
    return build_session(f"{user}'s notebook", own, os.environ.get("SPARK_MASTER_URL"))


def _watch(shell: Any, session: Any, kind: Kind) -> None:
    """Makes the notebook's cells tell of this session's queries."""
    while _watches:
        _watches.pop()[1].stop()
    source = _classic_source(session) if kind == "classic" else _connect_source(session)
    _watches.append((session, Watch(shell, source, _asker(session, kind))))


def _connect_source(session: Any) -> Source:
    work = ConnectWork()
    session.conf.set(REPORTS, f"{round(REPORT_SECONDS * 1000)}ms")
    session.registerProgressHandler(work.told)
    return work


def _classic_source(session: Any) -> Source:
    from spark_etl.runner.report.logs import quiet, quiet_py4j

    quiet(session)  # what Spark logs of a wait for cores, the cell says better
    quiet_py4j()  # an interrupt is no error of its own
    return ClassicWork(session.sparkContext)


def _asker(session: Any, kind: Kind) -> Callable[[float], str]:
    """Returns what asks the master who holds the cores; only a query that waits asks."""

    def ask(waited: float) -> str:
        from spark_etl.runner.report.cores import ask_master, master_pages
        from spark_etl.sessions.holders import who_holds

        pages = master_pages(session.conf.get("spark.master", ""))
        application = session.conf.get("spark.app.id", "")
        return who_holds(ask_master(pages), application, waited, shared=kind == "connect")

    return ask
