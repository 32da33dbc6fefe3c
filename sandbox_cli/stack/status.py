"""What runs, how well, with how much memory, and where it is to be found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from docker.errors import APIError
from spark_etl.errors import SparkEtlError

from sandbox_cli.stack import services
from sandbox_cli.stack.services import StackContainer
from sandbox_cli.stack.session import Session

MB = 1_000_000


def report(session: Session) -> dict[str, Any]:
    """Returns services, users' servers, links and the last run; `up` and `healthy` are the verdict."""
    containers = [each for each in services.containers(session.engine, session.settings) if each.service != "helper"]
    with ThreadPoolExecutor(max(1, len(containers))) as pool:
        memory = list(pool.map(lambda container: _memory(session, container), containers))
    present = {container.service for container in containers}
    expected = [name for name in services.SERVICES if name not in services.OPTIONAL or name in present]
    rows = [_row(container, used) for container, used in zip(containers, memory, strict=True)]
    rows += [_absent(name) for name in expected if name not in present]
    of_services = [row for row in rows if row["name"] in services.SERVICES]
    store_answers = any(container.service == "minio" and container.ready for container in containers)
    return {
        "stack": session.settings.stack,
        "up": any(row["state"] == "running" for row in of_services),
        "healthy": not services.unready(containers, expected),
        "services": of_services,
        "servers": [row for row in rows if row["name"] not in services.SERVICES],
        "memory_mb": round(sum(used or 0 for used in memory) / MB),
        "ports": session.ports,
        "links": session.links(),
        "last_run": _last_run(session) if store_answers else None,
    }


def _row(container: StackContainer, memory: float | None) -> dict[str, Any]:
    return {
        "name": container.service,
        "container": container.name,
        "state": container.state,
        "health": container.health,
        "memory": f"{memory / MB:.0f} MB" if memory else "",
        "since": container.since.split(" (")[0],
    }


def _absent(name: str) -> dict[str, Any]:
    return {"name": name, "container": "", "state": "stopped", "health": "", "memory": "", "since": ""}


def _memory(session: Session, container: StackContainer) -> float | None:
    """Returns the bytes that a container uses, None if it does not run."""
    if container.state != "running":
        return None
    try:
        return services.memory_used(session.engine.client.api.stats(container.id, stream=False, one_shot=True))
    except APIError:
        return None


def _last_run(session: Session) -> str | None:
    try:
        run = session.runs.latest()
    except SparkEtlError:
        return None
    return f"{run.id} {run.team}/{run.pipeline} {run.status}"
