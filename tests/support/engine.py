"""The engine, seen from a test: a stack's containers, volumes and networks."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

import docker
from docker.models.containers import Container

from sandbox_cli.stack import services

COMPOSE_PROJECT = "com.docker.compose.project"
COMPOSE_SERVICE = "com.docker.compose.service"
LABELS = (COMPOSE_PROJECT, "sandbox.stack")


@functools.cache
def address() -> str:
    """Returns the address of the engine of the present Docker context."""
    host = os.environ.get("DOCKER_HOST")
    if not host:
        command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
        host = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return host


@functools.cache
def client() -> docker.DockerClient:
    """Returns a client for that engine."""
    return docker.DockerClient(base_url=address(), timeout=120)


# Where no name server answers, asking once is enough; otherwise a name that there is not costs ten seconds.
ASK_ONCE = {"RES_OPTIONS": "timeout:1 attempts:1"}


@dataclass(frozen=True)
class ExecResult:
    """What a command inside a container printed and how it ended."""

    exit_code: int
    out: str


@dataclass(frozen=True)
class Containers:
    """The containers of one stack, users' servers included."""

    stack: str

    def all(self) -> list[Container]:
        """Returns every container of the stack, running or not."""
        found = {
            container.id: container
            for label in LABELS
            for container in client().containers.list(
                all=True, filters={"label": f"{label}={self.stack}"}, ignore_removed=True
            )
        }
        return sorted(found.values(), key=lambda container: str(container.name))

    def ids(self) -> set[str]:
        """Returns the ids of every container of the stack, without asking the engine for each."""
        filters = ({"label": f"{label}={self.stack}"} for label in LABELS)
        return {str(found["Id"]) for each in filters for found in client().api.containers(all=True, filters=each)}

    def of(self, service: str) -> list[Container]:
        """Returns the containers of a compose service."""
        return [container for container in self.all() if container.labels.get(COMPOSE_SERVICE) == service]

    def one(self, service: str) -> Container:
        """Returns the first container of a compose service, or the user's server of that name."""
        named = [c for c in self.all() if c.name == f"{self.stack}-{service}"]
        found = self.of(service) or named
        assert found, f"no container of `{service}` in {self.stack}: {[c.name for c in self.all()]}"
        return found[0]

    def server(self, user: str) -> Container:
        """Returns the container of a user's server."""
        return self.one(f"user-{user}")

    def run(self, service: str, *command: str, user: str = "", env: dict[str, str] | None = None) -> ExecResult:
        """Runs a command in a container of the service; stdout and stderr come together."""
        done = self.one(service).exec_run(list(command), user=user, environment=env)
        return ExecResult(done.exit_code, done.output.decode(errors="replace"))


def life(container: Container) -> tuple[str, bool, int]:
    """Returns what changes when a container dies, or something in it for want of memory."""
    container.reload()
    state = container.attrs["State"]
    return state["StartedAt"], bool(state["OOMKilled"]), int(container.attrs["RestartCount"])


def memory_used(container: Container) -> float:
    """Returns how much of its memory a container uses, 1 for all; files that could be dropped don't count."""
    stats: Any = container.stats(stream=False)
    return services.memory_used(stats) / float(stats["memory_stats"]["limit"])


def spark_state(containers: Containers) -> dict[str, Any]:
    """Returns what Spark's master reports: workers, applications, cores; nothing while it is away."""
    ask = "import urllib.request; print(urllib.request.urlopen('http://spark-master:8080/json/').read().decode())"
    done = containers.run("spark-connect", "python3", "-c", ask)
    state: dict[str, Any] = json.loads(done.out) if done.exit_code == 0 else {}
    return state


def addresses(container: Container) -> list[str]:
    """Returns what a container publishes, as `ip:port`."""
    ports = container.attrs["NetworkSettings"]["Ports"] or {}
    return [f"{binding['HostIp']}:{binding['HostPort']}" for bound in ports.values() for binding in bound or []]
