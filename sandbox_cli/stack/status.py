"""What runs, how well, with how much memory, and where it is to be found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from docker.errors import APIError
from spark_etl import runs
from spark_etl.errors import SparkEtlError

from sandbox_cli.stack import services
from sandbox_cli.stack.services import Part
from sandbox_cli.stack.session import Session

MB = 1_000_000


def report(session: Session) -> dict[str, Any]:
    """Returns services, users' servers, links and the last run; `up` and `healthy` are the verdict."""
    found = [part for part in services.parts(session.engine, session.settings) if part.service != "helper"]
    with ThreadPoolExecutor(max(1, len(found))) as pool:
        memory = dict(
            zip((part.id for part in found), pool.map(lambda part: _memory(session, part), found), strict=True)
        )
    optional = [part.service for part in found if part.service in services.OPTIONAL]
    wanted = [name for name in services.SERVICES if name not in services.OPTIONAL or name in optional]
    missing = [name for name in wanted if name not in {part.service for part in found}]
    rows = [_row(part, memory[part.id]) for part in found]
    rows += [_absent(name) for name in missing]
    mine = [row for row in rows if row["name"] in services.SERVICES]
    return {
        "stack": session.settings.stack,
        "up": any(row["state"] == "running" for row in mine),
        "healthy": not services.unready(found, wanted),
        "services": mine,
        "servers": [row for row in rows if row["name"] not in services.SERVICES],
        "memory_mb": round(sum(value or 0 for value in memory.values()) / MB),
        "ports": session.ports,
        "links": session.links(),
        "last_run": _last_run(session) if any(part.service == "minio" and part.ready for part in found) else None,
    }


def _row(part: Part, memory: float | None) -> dict[str, Any]:
    return {
        "name": part.service,
        "container": part.name,
        "state": part.state,
        "health": part.health,
        "memory": f"{memory / MB:.0f} MB" if memory else "",
        "since": part.since.split(" (")[0],
    }


def _absent(name: str) -> dict[str, Any]:
    return {"name": name, "container": "", "state": "stopped", "health": "", "memory": "", "since": ""}


def _memory(session: Session, part: Part) -> float | None:
    """Returns the bytes a container uses, as `docker stats` counts: without what the kernel can drop at once."""
    if part.state != "running":
        return None
    try:
        raw = session.engine.client.api.stats(part.id, stream=False, one_shot=True)
    except APIError:
        return None
    usage = raw.get("memory_stats", {})
    detail = usage.get("stats", {})
    return float(usage.get("usage", 0) - detail.get("total_inactive_file", detail.get("inactive_file", 0)))


def _last_run(session: Session) -> str | None:
    session.read_runs_here()
    try:
        run = runs.latest()
    except SparkEtlError:
        return None
    return f"{run.id} {run.team}/{run.pipeline} {run.status}"
