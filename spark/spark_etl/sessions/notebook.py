"""`spark()`: the session of a notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from spark_etl.errors import ArgumentError
from spark_etl.machine import memory_limit
from spark_etl.sessions.classic import (
    LOCAL_MASTER,
    LOCAL_SETTINGS,
    PROGRESS_BAR,
    build_session,
    daemon_settings,
    use_this_python,
)
from spark_etl.sessions.connect import CONNECT_MODE, connect_session, server_address
from spark_etl.sessions.kernel import CellWatcher, running_shell
from spark_etl.sessions.queries import REPORT_SECONDS, ClassicMonitor, ConnectMonitor, QueryMonitor
from spark_etl.sessions.session_reaper import start_reaper

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Kind = Literal["connect", "classic", "local"]

KIND_NAMES: dict[Kind, str] = {
    "connect": "a Spark Connect session",
    "classic": "a driver of its own",
    "local": "Spark in this process",
}
KIND_CALLS: dict[Kind, str] = {
    "connect": "spark()",
    "classic": "spark(classic=True)",
    "local": "spark(local=True)",
}
# Each kernel of a server has a driver: their pages take whatever port is free, and the master knows which.
DRIVER_SETTINGS = {"spark.ui.port": "0", PROGRESS_BAR: "false"}
REPORT_INTERVAL = "spark.connect.progress.reportInterval"

MIB = 1024**2
SMALLEST_HEAP, LARGEST_HEAP = 512, 4096

_watchers: list[tuple[object, CellWatcher]] = []  # at most one: cells show the queries of one session


def spark(
    url: str | None = None,
    token: str | None = None,
    *,
    classic: bool | None = None,
    local: bool = False,
    settings: Mapping[str, str] | None = None,
) -> SparkSession:
    """Returns the session of this notebook; the same one again as long as it lives.

    Args:
        url: `sc://host:port` of a Spark Connect server; `SANDBOX_CONNECT_URL` if not given.
        token: What that server asks for; `SANDBOX_CONNECT_TOKEN` if not given.
        classic: Whether it has a driver of its own, a JVM in this container, with executors on the cluster. If not
            given: the session that is there, and Spark Connect if there is none.
        local: Whether all of Spark runs in this container, driver and executors in one JVM (master `local[*]`): quick
            for small data, as nothing crosses a network, and limited to the container's cores and memory.
        settings: Of a driver of its own, or of Spark in this process, when it starts.

    Raises:
        ArgumentError: This process has a session of another kind, two kinds are asked for, or settings are given for a
            server that runs.
        SparkEtlError: No server is named.
        RunFailedError: None answers, or it refuses the token; or the driver does not start.
    """
    present = present_kind()
    kind = _requested_kind(url, classic=classic, local=local) or present or "connect"
    if kind == "classic" and present == "local" and "SPARK_MASTER_URL" not in os.environ:
        kind = "local"  # where no cluster is named, a driver of its own is all there is of Spark
    if present and present != kind:
        raise ArgumentError(
            f"this process has {KIND_NAMES[present]} already, "
            "and pyspark's functions (F.col, udf, Window) serve one kind of session at a time",
            hint=f"restart the kernel, or {KIND_CALLS[present]}.stop(), and then {KIND_CALLS[kind]}",
        )
    if settings and (present or kind == "connect"):
        raise ArgumentError(
            "settings are taken by a driver of your own when it starts, and by no other session",
            hint="spark().conf.set(…), or restart the kernel and spark(classic=True, settings={…}), or local=True",
        )
    session: Any = connect_session(url, token) if kind == "connect" else _driver(settings or {}, kind)
    shell = running_shell()
    if shell is not None and not any(watched is session for watched, _ in _watchers):
        if kind == "connect":
            start_reaper(*server_address(url, token), session.session_id)
        _watch(shell, session, kind)
    return session


def _requested_kind(url: str | None, *, classic: bool | None, local: bool) -> Kind | None:
    """Returns the kind of session that is asked for; None where any will do.

    Raises:
        ArgumentError: Two kinds are asked for.
    """
    if local and (classic or url):
        other = "classic=True" if classic else f"the server {url}"
        raise ArgumentError(
            f"local=True and {other} exclude each other: Spark is either in this process or elsewhere",
            hint=f"{KIND_CALLS['local']}, or {KIND_CALLS['classic']}, or {KIND_CALLS['connect']}",
        )
    if local:
        return "local"
    return "classic" if classic else "connect" if classic is False or url else None


def present_kind() -> Kind | None:
    """Returns the kind of session that lives in this process; imports nothing to find out."""
    core = sys.modules.get("pyspark.core.context")
    context = core.SparkContext._active_spark_context if core else None
    if context is not None:
        return "local" if str(getattr(context, "master", "")).startswith("local") else "classic"
    connect = sys.modules.get("pyspark.sql.connect.session")
    return "connect" if connect and connect.SparkSession._get_default_session() else None


def _driver(settings: Mapping[str, str], kind: Kind) -> SparkSession:
    """Returns a session whose driver is in this container, where executors call back, or are themselves."""
    if present_kind() is None:
        os.environ.pop(CONNECT_MODE, None)  # of a session that was stopped
    own = {**DRIVER_SETTINGS, "spark.driver.memory": driver_heap(memory_limit())}
    user = os.environ.get("JUPYTERHUB_USER") or os.environ.get("USER") or "somebody"
    if kind == "local":
        use_this_python()
        return build_session(
            f"{user}'s notebook", {**own, **LOCAL_SETTINGS, **daemon_settings(), **settings}, LOCAL_MASTER
        )
    address = os.environ.get("SPARK_LOCAL_IP")
    here = {"spark.driver.host": address, "spark.driver.bindAddress": address} if address else {}
    return build_session(f"{user}'s notebook", {**own, **here, **settings}, os.environ.get("SPARK_MASTER_URL"))


def _watch(shell: Any, session: Any, kind: Kind) -> None:
    """Makes the notebook's cells show the progress of this session's queries."""
    while _watchers:
        _watchers.pop()[1].stop()
    monitor = _connect_monitor(session) if kind == "connect" else _classic_monitor(session)
    explain = None if kind == "local" else _wait_explainer(session, kind)
    _watchers.append((session, CellWatcher(shell, monitor, explain)))


def _connect_monitor(session: Any) -> QueryMonitor:
    monitor = ConnectMonitor()
    session.conf.set(REPORT_INTERVAL, f"{round(REPORT_SECONDS * 1000)}ms")
    session.registerProgressHandler(monitor.on_progress)
    return monitor


def _classic_monitor(session: Any) -> QueryMonitor:
    from spark_etl.sessions.spark_log import quiet_py4j, quiet_spark

    quiet_spark(session)  # the cell itself shows who holds the cores
    quiet_py4j()  # an interrupt is no error of its own
    return ClassicMonitor(session.sparkContext)


def _wait_explainer(session: Any, kind: Kind) -> Callable[[float], str]:
    """Returns the function that asks the master who holds the cores; it is called for a query that waits."""

    def explain(waited: float) -> str:
        from spark_etl.sessions.core_holders import explain_cell_wait, master_pages, read_cluster_state

        pages = master_pages(session.conf.get("spark.master", ""))
        application = session.conf.get("spark.app.id", "")
        return explain_cell_wait(read_cluster_state(pages), application, waited, shared=kind == "connect")

    return explain


def driver_heap(limit: int | None) -> str:
    """Returns the heap of a driver, such as `682m`: a third of the container's memory, 512 MB at least, 4 GB at most.

    The other thirds are for what the JVM needs beside its heap, and for the notebook's Python and its server.
    """
    return f"{LARGEST_HEAP if limit is None else max(SMALLEST_HEAP, min(LARGEST_HEAP, limit // 3 // MIB))}m"
