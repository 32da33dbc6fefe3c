"""What the containers of a stack logged: a line with ERROR or a traceback fails the test that caused it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import docker.errors
from docker.models.containers import Container

from tests.log_waivers import WAIVERS
from tests.support.engine import Containers

BAD = re.compile(
    r"\bERROR\b|\bFATAL\b|\bCRITICAL\b|^\[[EC] \d|Traceback \(most recent call last\)|Exception in thread|panic:"
)


def since(containers: Containers, start: datetime, *, until: datetime | None = None) -> list[tuple[str, str]]:
    """Returns the bad lines logged after `start` and before `until`, as (service, line)."""
    return [
        (service_of(container), line)
        for container in containers.all()
        for line in lines_of(container, start, until)
        if BAD.search(line)
    ]


def lines_of(container: Container, start: datetime, until: datetime | None) -> list[str]:
    """Returns a container's log lines between two moments; none when it is gone meanwhile."""
    end = {"until": until.timestamp()} if until else {}
    try:
        return container.logs(since=start.timestamp(), tail=2000, **end).decode(errors="replace").splitlines()
    except docker.errors.APIError:
        return []


def service_of(container: Container) -> str:
    """Returns the compose service of a container, or its own name."""
    return container.labels.get("com.docker.compose.service") or str(container.name)


def unwaived(bad: list[tuple[str, str]], names: set[str]) -> list[str]:
    """Returns the lines that no waiver covers: neither one that holds always nor one the test asks for by name."""
    unknown = names - WAIVERS.keys()
    assert not unknown, f"unknown waivers {sorted(unknown)}; known: {sorted(WAIVERS)}"
    active = [waiver for name, waiver in WAIVERS.items() if waiver.always or name in names]
    return [f"{service}: {line}" for service, line in bad if not any(w.covers(service, line) for w in active)]


def now() -> datetime:
    """Returns the present time."""
    return datetime.now(tz=UTC)
