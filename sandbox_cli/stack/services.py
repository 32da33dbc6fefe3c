"""The stack's containers as the engine sees them: which there are, in which state, and what they log."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docker.models.containers import Container

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import passing
from sandbox_cli.stack.compose import Compose
from sandbox_cli.stack.engine import answers
from sandbox_cli.stack.engine.connection import Engine

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
ONE_OFF = "com.docker.compose.oneoff"
USER = "sandbox.user"
STACK = "sandbox.stack"

SERVICES = ("minio", "spark-master", "spark-worker", "spark-connect", "spark-history", "docker-api", "hub", "mail")
OPTIONAL = {"spark-history": "history", "mail": "mail"}
PARTS = {"spark-connect": "connect", "docker-api": "hub", "hub": "hub"}  # which a stack has, unless `up` was told


@dataclass(frozen=True)
class StackContainer:
    """One container of the stack.

    Attributes:
        name: The container's name.
        service: Compose service, `user:<name>` for a user's server, `driver` for a run's.
        state: `running`, `exited`, …
        health: `healthy`, `unhealthy`, `starting`, or `` where there is no check.
        since: What the engine says of it, such as `Up 3 minutes`.
    """

    id: str
    name: str
    service: str
    state: str
    health: str
    since: str
    ports: tuple[int, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether it runs, and well."""
        return self.state == "running" and self.health in {"healthy", ""}


def is_driver(labels: Mapping[str, str]) -> bool:
    """Returns whether labels are those of a container that is there for one run alone."""
    return labels.get(ONE_OFF) == "True"


def expected(settings: Settings) -> list[str]:
    """Returns the services that `up` starts with these settings."""
    return [name for name in SERVICES if (OPTIONAL | PARTS).get(name) not in settings.without]


def containers(engine: Engine, settings: Settings) -> list[StackContainer]:
    """Returns every container of the stack, running or not, users' servers and drivers included."""
    by_id: dict[str, StackContainer] = {}
    for label in (PROJECT, STACK):
        for raw in answers.listed(engine, f"{label}={settings.stack}"):
            by_id[raw["Id"]] = _container(raw, settings)
    return sorted(by_id.values(), key=_order)


def _order(container: StackContainer) -> tuple[int, str]:
    return (SERVICES.index(container.service) if container.service in SERVICES else len(SERVICES), container.name)


def _container(raw: dict[str, object], settings: Settings) -> StackContainer:
    labels = raw.get("Labels") or {}
    names = raw.get("Names") or ["?"]
    ports = raw.get("Ports") or []
    assert isinstance(labels, dict)  # noqa: S101 - for the type checker: the engine's JSON
    assert isinstance(names, list)  # noqa: S101
    assert isinstance(ports, list)  # noqa: S101
    name, status = str(names[0]).lstrip("/"), str(raw.get("Status") or "")
    health = re.search(r"\((?:health: )?(healthy|unhealthy|starting)\)", status)
    user = f"{settings.stack}-user-"
    service = "driver" if is_driver(labels) else str(labels.get(SERVICE, ""))
    return StackContainer(
        id=str(raw["Id"]),
        name=name,
        service=f"user:{name.removeprefix(user)}" if name.startswith(user) else service or "helper",
        state=str(raw.get("State") or ""),
        health=health[1] if health else "",
        since=status,
        ports=tuple(sorted({int(port["PublicPort"]) for port in ports if port.get("PublicPort")})),
    )


def published(engine: Engine, settings: Settings) -> set[int]:
    """Returns the host ports that this stack's containers publish now."""
    return {port for container in containers(engine, settings) for port in container.ports}


def remove_unstarted(engine: Engine, settings: Settings) -> None:
    """Removes the services' containers that were made and never started.

    An interrupted `docker compose up` leaves them. Compose joins a container to its networks after making it, and does
    not look at them again: such a container would start, answer its health check, and be out of reach.
    """
    for container in containers(engine, settings):
        if container.service in SERVICES and container.state == "created":
            of_engine = answers.container(engine, container.id)
            if of_engine is not None:
                answers.remove(of_engine)


def remove_left_out(engine: Engine, settings: Settings) -> None:
    """Removes the containers of services that an earlier `up` has started and this one leaves out."""
    wanted = expected(settings)
    for container in containers(engine, settings):
        if container.service in PARTS and container.service not in wanted:
            of_engine = answers.container(engine, container.id)
            if of_engine is not None:
                answers.remove(of_engine)


def servers(engine: Engine, settings: Settings) -> list[Container]:
    """Returns the containers of users' servers, and of helpers that an interrupted command left."""
    found = (answers.container(engine, raw["Id"]) for raw in answers.listed(engine, f"{STACK}={settings.stack}"))
    return [container for container in found if container is not None]


def last_lines(engine: Engine, container: StackContainer, count: int = 6) -> list[str]:
    """Returns the last log lines of a container."""
    return [line for line in answers.log_tail(engine, container.id, count).splitlines() if line.strip()]


def memory_used(stats: Mapping[str, Any]) -> float:
    """Returns the bytes that a container uses, of what the engine's API says of it, as `docker stats` counts them.

    Files that the kernel can drop at once are left out.
    """
    memory = stats.get("memory_stats", {})
    detail = memory.get("stats", {})
    return float(memory.get("usage", 0) - detail.get("total_inactive_file", detail.get("inactive_file", 0)))


def unready(containers: Iterable[StackContainer], expected: Iterable[str]) -> dict[str, str]:
    """Returns service → what is wrong with it, for each expected service that is not up and healthy."""
    by_service: dict[str, list[StackContainer]] = {}
    for container in containers:
        by_service.setdefault(container.service, []).append(container)
    problems = {}
    for name in expected:
        first = next((container for container in by_service.get(name, []) if not container.ready), None)
        if name not in by_service:
            problems[name] = "has no container"
        elif first:
            problems[name] = f"{first.state}{', ' + first.health if first.health else ''} ({first.since})"
    return problems


def show_logs(compose: Compose, service: str | None, *, follow: bool, tail: int) -> int:
    """Passes the logs of a service, of a user's server, or of all services on to stdout; returns the exit code.

    Raises:
        UsageError: There is no such service.
    """
    others = {each.service: each.name for each in containers(compose.engine, compose.settings) if ":" in each.service}
    known = [*SERVICES, *others]
    if service is not None and service not in known:
        raise UsageError(f"Unknown service `{service}`. Known: {', '.join(known)}.", hint="sandbox status")
    if service in others:
        argv = ["docker", "logs", "--tail", str(tail), *(["--follow"] if follow else []), others[service]]
    else:
        argv = compose.logs_argv(service, follow=follow, tail=str(tail))
    process = subprocess.Popen(
        argv,
        env=compose.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if service in others else subprocess.PIPE,
    )
    with process:
        passing.to_the_end(process)
    return process.returncode
