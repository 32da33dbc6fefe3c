"""Who holds the cores that a cell waits for, in words for who wrote the cell."""

from __future__ import annotations

import re
from typing import Any

from spark_etl.runner.report.cores import explain

RUN = re.compile(r"[^/ ]+/(?P<pipeline>[^/ ]+) (?P<run>\d{8}T\d{6}Z-\w+)")
GIVEN_BACK = "An idle notebook gives its cores back after 20s, a run when it has ended"
OWN = "Another notebook of yours is among them: shut its kernel down, in JupyterLab's list of running kernels"
SHARED = (
    "{cores} of Spark Connect are starting, or busy: its executors serve everybody's `spark()`. "
    "`spark(classic=True)` in a restarted kernel has its own"
)


def who_holds(state: dict[str, Any] | None, application_id: str, waited: float, *, shared: bool) -> str:
    """Returns why no task of a query runs.

    Args:
        state: What the master tells, see `spark_etl.runner.report.cores.ask_master`.
        application_id: The application that runs the query.
        waited: Seconds since it first had tasks and none of them ran.
        shared: Whether that application runs other people's queries too.
    """
    apps = (state or {}).get("activeapps", [])
    own = next((app for app in apps if app["id"] == application_id), None)
    begin = f"waiting for cores, {waited:.0f}s so far"
    if own and own.get("cores"):
        return f"{begin}: {(SHARED if shared else '{cores} granted, executors are starting').format(cores=_cores(own))}"
    holders = [app for app in apps if app is not own and app.get("cores")]
    if not holders or _free(state):
        return explain(state, application_id, waited)
    holders.sort(key=lambda app: (-int(app["cores"]), app["id"]))
    mine = own is not None and any(app["name"] == own["name"] for app in holders)
    held = ", ".join(f"{_named(app['name'])} ({_cores(app)})" for app in holders)
    return f"{begin}: all are held by {held}. {OWN if mine else GIVEN_BACK}"


def _free(state: dict[str, Any] | None) -> int:
    alive = [worker for worker in (state or {}).get("workers", []) if worker.get("state", "ALIVE") == "ALIVE"]
    return sum(int(worker["cores"]) - int(worker["coresused"]) for worker in alive)


def _named(name: str) -> str:
    run = RUN.fullmatch(name)
    if run:
        return f"`sandbox run` of {run['pipeline']}, {run['run']}"
    return "Spark Connect, everybody's `spark()`" if name == "Spark Connect" else name


def _cores(app: dict[str, Any]) -> str:
    return f"{app['cores']} core{'' if int(app['cores']) == 1 else 's'}"
