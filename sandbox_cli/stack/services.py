"""The stack's containers as the engine sees them: which there are, in which state, and what they said last."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from docker.models.containers import Container

from sandbox_cli.settings import Settings
from sandbox_cli.stack.engine.connection import Engine

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
ONE_OFF = "com.docker.compose.oneoff"
STACK = "sandbox.stack"

SERVICES = ("minio", "spark-master", "spark-worker", "spark-connect", "spark-history", "docker-api", "hub", "mail")
OPTIONAL = {"spark-history": "history", "mail": "mail"}


@dataclass(frozen=True)
class Part:
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


def expected(settings: Settings) -> list[str]:
    """Returns the services that `up` starts with these settings."""
    return [name for name in SERVICES if OPTIONAL.get(name) not in settings.without]


def parts(engine: Engine, settings: Settings) -> list[Part]:
    """Returns every container of the stack, running or not, users' servers and drivers included."""
    found: dict[str, Part] = {}
    for label in (PROJECT, STACK):
        for raw in engine.client.api.containers(all=True, filters={"label": f"{label}={settings.stack}"}):
            found[raw["Id"]] = _part(raw, settings)
    return sorted(found.values(), key=_order)


def _order(part: Part) -> tuple[int, str]:
    return (SERVICES.index(part.service) if part.service in SERVICES else len(SERVICES), part.name)


def _part(raw: dict[str, object], settings: Settings) -> Part:
    labels = raw.get("Labels") or {}
    names = raw.get("Names") or ["?"]
    ports = raw.get("Ports") or []
    assert isinstance(labels, dict)  # noqa: S101 - for the type checker: the engine's JSON
    assert isinstance(names, list)  # noqa: S101
    assert isinstance(ports, list)  # noqa: S101
    name, status = str(names[0]).lstrip("/"), str(raw.get("Status") or "")
    health = re.search(r"\((?:health: )?(healthy|unhealthy|starting)\)", status)
    user = f"{settings.stack}-user-"
    service = "driver" if labels.get(ONE_OFF) == "True" else str(labels.get(SERVICE, ""))
    return Part(
        id=str(raw["Id"]),
        name=name,
        service=f"user:{name.removeprefix(user)}" if name.startswith(user) else service or "helper",
        state=str(raw.get("State") or ""),
        health=health[1] if health else "",
        since=status,
        ports=tuple(sorted({int(port["PublicPort"]) for port in ports if port.get("PublicPort")})),
    )


def published(engine: Engine, settings: Settings) -> set[int]:
    """Returns the host ports that this stack's containers hold now."""
    return {port for part in parts(engine, settings) for port in part.ports}


def servers(engine: Engine, settings: Settings) -> list[Container]:
    """Returns the containers of users' servers, and of helpers that an interrupted command left."""
    label = f"{STACK}={settings.stack}"
    return list(engine.client.containers.list(all=True, filters={"label": label}, ignore_removed=True))


def last_lines(engine: Engine, part: Part, count: int = 6) -> list[str]:
    """Returns the last log lines of a container."""
    text = engine.client.containers.get(part.id).logs(tail=count).decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def unready(found: Iterable[Part], wanted: Iterable[str]) -> dict[str, str]:
    """Returns service → what is wrong with it, for each wanted service that is not up and healthy."""
    by_service: dict[str, list[Part]] = {}
    for part in found:
        by_service.setdefault(part.service, []).append(part)
    wrong = {}
    for name in wanted:
        mine = by_service.get(name, [])
        bad = [part for part in mine if not part.ready]
        if not mine:
            wrong[name] = "has no container"
        elif bad:
            wrong[name] = f"{bad[0].state}{', ' + bad[0].health if bad[0].health else ''} ({bad[0].since})"
    return wrong
