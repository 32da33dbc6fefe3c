"""Who holds the cores: what the standalone master knows, in a sentence, for a run that is waiting for some."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

ANSWER_SECONDS = 3


def master_pages(master: str) -> list[str]:
    """Returns the addresses of a `spark://` master's page; of several masters one is alive."""
    if not master.startswith("spark://"):
        return []
    given = os.environ.get("SPARK_MASTER_UI_URL")
    if given:
        return [given.rstrip("/")]
    port = os.environ.get("SPARK_MASTER_WEBUI_PORT", "8080")
    hosts = master.removeprefix("spark://").split(",")
    return [f"http://{host.rpartition(':')[0] or host}:{port}" for host in hosts]


def ask_master(pages: list[str]) -> dict[str, Any] | None:
    """Returns the state of the cluster as the first master that is alive tells it, or None when none does."""
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


def explain(state: dict[str, Any] | None, application_id: str, waited: float) -> str:
    """Returns why a run has no executor.

    Args:
        state: What `ask_master` returned.
        application_id: The run's own application, which holds nothing.
        waited: Seconds since it first needed one.
    """
    waiting = f"waiting for cores, {waited:.0f}s so far"
    if state is None:
        return f"{waiting}; the master does not tell who holds them"
    alive = [worker for worker in state.get("workers", []) if worker.get("state", "ALIVE") == "ALIVE"]
    if not alive:
        return f"{waiting}: the cluster has no worker. In the sandbox: sandbox status"
    total, used = sum(worker["cores"] for worker in alive), sum(worker["coresused"] for worker in alive)
    holders = [app for app in state.get("activeapps", []) if app["id"] != application_id and app.get("cores", 0) > 0]
    if used >= total and holders:
        held = ", ".join(_holder(app) for app in sorted(holders, key=lambda app: (-int(app["cores"]), app["id"])))
        return f"{waiting}: {'the only core is' if total == 1 else f'all {total} cores are'} taken. {held}"
    return f"{waiting}: {total - used} of {total} cores are free {_memory(alive)}"


def _holder(app: dict[str, Any]) -> str:
    cores = int(app["cores"])
    return f"{app['name']} ({app['id']}, user {app.get('user', '?')}) holds {cores} {'core' if cores == 1 else 'cores'}"


def _memory(workers: list[dict[str, Any]]) -> str:
    most = max(worker.get("memory", 0) - worker.get("memoryused", 0) for worker in workers)
    return f"and {most} MB of memory on the freest worker. Is spark.executor.memory more than that?"
