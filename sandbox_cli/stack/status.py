"""What runs, how well, with how much memory, and where it is to be found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from spark_etl.errors import SparkEtlError

from sandbox_cli.stack import services, variables
from sandbox_cli.stack.engine import answers
from sandbox_cli.stack.services import StackContainer
from sandbox_cli.stack.session import Session

MB = 1_000_000
SECONDS = len("2024-02-29T10:11:12")


@dataclass(frozen=True)
class Use:
    """What a container takes, and since when; nothing of one that does not run.

    Attributes:
        memory: In bytes.
        started: When it was started last, in UTC.
    """

    memory: int | None = None
    started: str | None = None


def report(session: Session) -> dict[str, Any]:
    """Returns services, users' servers, links and the last run; `up` and `healthy` are the verdict."""
    containers = [each for each in services.containers(session.engine, session.settings) if each.service != "helper"]
    with ThreadPoolExecutor(max(1, len(containers))) as pool:
        uses = list(pool.map(lambda container: _use(session, container), containers))
    present = {container.service for container in containers}
    expected = [name for name in services.SERVICES if name in present or not _is_left_out(session, name)]
    rows = [_row(container, use) for container, use in zip(containers, uses, strict=True)]
    rows += [_row(StackContainer("", "", name, "stopped", "", ""), Use()) for name in expected if name not in present]
    of_services = [row for row in rows if row["name"] in services.SERVICES]
    store_answers = any(container.service == "minio" and container.ready for container in containers)
    return {
        "stack": session.settings.stack,
        "up": any(row["state"] == "running" for row in of_services),
        "healthy": not services.unready(containers, expected),
        "services": of_services,
        "servers": [row for row in rows if row["name"] not in services.SERVICES],
        "memory_mb": round(sum(use.memory or 0 for use in uses) / MB),
        "memory_bytes": sum(use.memory or 0 for use in uses),
        "ports": session.ports,
        "links": session.links(),
        "last_run": _last_run(session) if store_answers else None,
    }


def _is_left_out(session: Session, service: str) -> bool:
    return service in services.OPTIONAL or services.PARTS.get(service) in variables.left_out(session.settings)


def _row(container: StackContainer, use: Use) -> dict[str, Any]:
    return {
        "name": container.service,
        "container": container.name,
        "state": container.state,
        "health": container.health,
        "memory": f"{use.memory / MB:.0f} MB" if use.memory else "",
        "memory_bytes": use.memory,
        "since": container.since.split(" (")[0],
        "started": use.started,
    }


def _use(session: Session, container: StackContainer) -> Use:
    if container.state != "running":
        return Use()
    memory = services.memory_used(answers.stats(session.engine, container.id))
    found = answers.container(session.engine, container.id)
    started = str(found.attrs["State"]["StartedAt"]) if found else ""
    return Use(int(memory), f"{started[:SECONDS]}Z" if started else None)


def _last_run(session: Session) -> str | None:
    try:
        run = session.runs.latest()
    except SparkEtlError:
        return None
    return f"{run.id} {run.team}/{run.pipeline} {run.status}"
