"""Who holds the cluster's cores: what a standalone master knows, in a sentence, for a run or a cell that waits."""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from spark_etl.units import format_count, format_duration

ANSWER_SECONDS = 3
RUN = re.compile(r"[^/ ]+/(?P<pipeline>[^/ ]+) (?P<run>\d{8}T\d{6}Z-\w+)")
GIVEN_BACK = "An idle notebook gives its cores back after 20s, a run when it has ended"
OWN = "Another notebook of yours is among them: shut its kernel down, in JupyterLab's list of running kernels"
SHARED = (
    "{cores} of Spark Connect are starting, or busy: its executors serve everybody's `spark()`. "
    "`spark(classic=True)` in a restarted kernel has its own"
)


def master_pages(master: str) -> list[str]:
    """Returns the addresses of a `spark://` master's page; of several masters one is alive."""
    if not master.startswith("spark://"):
        return []
    configured = os.environ.get("SPARK_MASTER_UI_URL")
    if configured:
        return [configured.rstrip("/")]
    port = os.environ.get("SPARK_MASTER_WEBUI_PORT", "8080")
    hosts = master.removeprefix("spark://").split(",")
    return [f"http://{host.rpartition(':')[0] or host}:{port}" for host in hosts]


def read_cluster_state(pages: list[str]) -> dict[str, Any] | None:
    """Returns the state of the cluster from the first master that is alive; None when none answers."""
    for page in pages:
        address = f"{page}/json/"
        try:
            with urlopen(address, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - the run's own master
                state = json.load(response)
        except (URLError, OSError, ValueError):
            continue
        if isinstance(state, dict) and state.get("status", "ALIVE") == "ALIVE":
            return state
    return None


def explain_run_wait(state: dict[str, Any] | None, application_id: str, waited: float) -> str:
    """Returns why a run has no executor.

    Args:
        state: What `read_cluster_state` returned.
        application_id: The run's own application, which holds no core.
        waited: Seconds since it first needed one.
    """
    waiting = _waiting(waited)
    if state is None:
        return f"{waiting}; the master does not tell who holds them"
    alive = _alive_workers(state)
    if not alive:
        return f"{waiting}: the cluster has no worker. In the sandbox: ./sandbox status"
    total, used = sum(worker["cores"] for worker in alive), sum(worker["coresused"] for worker in alive)
    holders = _holders(state, application_id)
    if used >= total and holders:
        taken = "the only core is" if total == 1 else f"all {total} cores are"
        return f"{waiting}: {taken} taken. {', '.join(map(_describe_holder, holders))}"
    return f"{waiting}: {total - used} of {total} cores are free {_free_memory(alive)}"


def explain_cell_wait(state: dict[str, Any] | None, application_id: str, waited: float, *, shared: bool) -> str:
    """Returns why no task of a cell's query runs.

    Args:
        state: What `read_cluster_state` returned.
        application_id: The application that runs the query.
        waited: Seconds since it first had tasks and none of them ran.
        shared: Whether that application runs other people's queries too.
    """
    apps = (state or {}).get("activeapps", [])
    own = next((app for app in apps if app["id"] == application_id), None)
    waiting = _waiting(waited)
    if own and own.get("cores"):
        text = SHARED if shared else "{cores} granted, executors are starting"
        return f"{waiting}: {text.format(cores=_cores(own))}"
    holders = _holders(state, application_id)
    if not holders or _free_cores(state):
        return explain_run_wait(state, application_id, waited)
    has_another = own is not None and any(app["name"] == own["name"] for app in holders)
    names = ", ".join(f"{_display_name(app['name'])} ({_cores(app)})" for app in holders)
    return f"{waiting}: all are held by {names}. {OWN if has_another else GIVEN_BACK}"


def _waiting(seconds: float) -> str:
    return f"waiting for cores, {format_duration(seconds)} so far"


def _alive_workers(state: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [worker for worker in (state or {}).get("workers", []) if worker.get("state", "ALIVE") == "ALIVE"]


def _holders(state: dict[str, Any] | None, application_id: str) -> list[dict[str, Any]]:
    """Returns the other applications that have cores, those with the most first."""
    apps = (state or {}).get("activeapps", [])
    holders = [app for app in apps if app["id"] != application_id and app.get("cores", 0) > 0]
    return sorted(holders, key=lambda app: (-int(app["cores"]), app["id"]))


def _describe_holder(app: dict[str, Any]) -> str:
    return f"{app['name']} ({app['id']}, user {app.get('user', '?')}) holds {_cores(app)}"


def _free_memory(workers: list[dict[str, Any]]) -> str:
    largest = max(worker.get("memory", 0) - worker.get("memoryused", 0) for worker in workers)
    return f"and {largest} MB of memory on the freest worker. Is spark.executor.memory more than that?"


def _free_cores(state: dict[str, Any] | None) -> int:
    return sum(int(worker["cores"]) - int(worker["coresused"]) for worker in _alive_workers(state))


def _display_name(name: str) -> str:
    run = RUN.fullmatch(name)
    if run:
        return f"`sandbox run` of {run['pipeline']}, {run['run']}"
    return "Spark Connect, everybody's `spark()`" if name == "Spark Connect" else name


def _cores(app: dict[str, Any]) -> str:
    return format_count(int(app["cores"]), "core")
