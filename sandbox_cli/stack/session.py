"""A stack that is up, as the verbs use it: engine, compose, ports, secrets, hub and object store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from spark_etl.reading import Runs
from spark_etl.storage import S3Settings

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import ports, secrets, services, variables
from sandbox_cli.stack.compose import Compose
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.health import poll
from sandbox_cli.stack.hub_api import Hub
from sandbox_cli.stack.links import links
from sandbox_cli.stack.object_store import REGION, ObjectStore
from sandbox_cli.stack.secrets import s3_secret

STARTING_SECONDS = 60
SCRATCH = "s3a://scratch/"
STORE = ("minio",)
ACCOUNTS = ("minio", "hub")
CLUSTER = ("minio", "spark-master", "spark-worker")


@dataclass(frozen=True)
class Session:
    """A stack that was started, with everything that leads into it."""

    engine: Engine
    settings: Settings

    @cached_property
    def compose(self) -> Compose:
        """`docker compose`, with the variables of the last `up`."""
        return Compose(self.engine, self.settings, variables.remembered(self.settings))

    @cached_property
    def ports(self) -> dict[str, int]:
        """The published ports by name."""
        return ports.remembered(self.settings)

    @cached_property
    def secrets(self) -> dict[str, str]:
        """The generated secrets."""
        return secrets.load(self.settings)

    @cached_property
    def hub(self) -> Hub:
        """The hub's API."""
        return Hub(self.ports["hub"], self.secrets)

    @cached_property
    def store(self) -> ObjectStore:
        """MinIO."""
        return ObjectStore(self.ports["s3"], self.secrets)

    def links(self) -> dict[str, str]:
        """Returns what to open in a browser, by name, and the S3 endpoint."""
        return links(self.settings, self.ports)

    @cached_property
    def runs(self) -> Runs:
        """The runs that this stack's store has."""
        settings = S3Settings(
            endpoint=f"http://127.0.0.1:{self.ports['s3']}",
            region=REGION,
            access_key="runner",
            secret_key=s3_secret(self.secrets["s3_identity_key"], "runner"),
        )
        return Runs(SCRATCH, settings)


def attach(console: Console, settings: Settings) -> Session:
    """Returns the session of a stack that exists, running or not.

    Raises:
        EngineError: No engine answers.
        StackError: There is no such stack.
    """
    session = Session(connection.connect(console, settings), settings)
    if not session.ports or not session.secrets:
        raise never_started(settings)
    return session


def running(console: Console, settings: Settings, needs: Sequence[str]) -> Session:
    """Returns the session of a stack of which the needed services are healthy; one that is just starting is waited for.

    Raises:
        StackError: One of them isn't up, or isn't well.
    """
    session = attach(console, settings)

    def settled() -> bool:
        containers = services.containers(session.engine, settings)
        return not any(container.health == "starting" and container.service in needs for container in containers)

    poll(settled, seconds=STARTING_SECONDS)
    problems = services.unready(services.containers(session.engine, settings), needs)
    if problems:
        listed = "; ".join(f"{name} {problem}" for name, problem in problems.items())
        raise StackError(f"The stack `{settings.stack}` is not up: {listed}.", hint="sandbox up")
    return session


def never_started(settings: Settings) -> StackError:
    """Returns the error for a stack without a state folder."""
    return StackError(f"There is no stack `{settings.stack}`: it was never started here.", hint="sandbox up")
