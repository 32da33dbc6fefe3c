"""A stack that is up, as the verbs use it: engine, compose, ports, secrets, hub and object store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from spark_etl.storage import S3Settings
from spark_etl.units import format_count

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import ports, secrets, services, variables
from sandbox_cli.stack.compose import Compose
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.health import poll
from sandbox_cli.stack.links import links
from sandbox_cli.stack.secrets import s3_secret

if TYPE_CHECKING:
    from spark_etl.reading import Runs

    from sandbox_cli.stack.hub_api import Hub
    from sandbox_cli.stack.object_store import ObjectStore

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
        from sandbox_cli.stack.hub_api import Hub  # noqa: PLC0415 - httpx, for the verbs that ask the hub

        return Hub(self._port("hub"), self._complete_secrets)

    @cached_property
    def store(self) -> ObjectStore:
        """MinIO."""
        from sandbox_cli.stack.object_store import ObjectStore  # noqa: PLC0415 - MinIO's client, for those that use it

        return ObjectStore(self._port("s3"), self._complete_secrets)

    def links(self) -> dict[str, str]:
        """Returns what to open in a browser, by name, and the S3 endpoint."""
        return links(self.settings, {name: self._port(name) for name in ports.PREFERRED})

    def _port(self, name: str) -> int:
        if name not in self.ports:
            raise incomplete(self.settings, ports.FILE, name)
        return self.ports[name]

    @property
    def _complete_secrets(self) -> dict[str, str]:
        for name in secrets.GENERATED:
            if name not in self.secrets:
                raise incomplete(self.settings, secrets.FILE, name)
        return self.secrets

    @cached_property
    def runs(self) -> Runs:
        """The runs that this stack's store has."""
        from spark_etl.reading import Runs  # noqa: PLC0415 - what reads runs, for the verbs that do

        from sandbox_cli.stack.object_store import REGION  # noqa: PLC0415 - as in `store`

        settings = S3Settings(
            endpoint=f"http://127.0.0.1:{self._port('s3')}",
            region=REGION,
            access_key="runner",
            secret_key=s3_secret(self.secrets["s3_identity_key"], "runner"),
        )
        return Runs(SCRATCH, settings, every_user=True)


def attach(console: Console, settings: Settings) -> Session:
    """Returns the session of a stack that exists, running or not.

    Raises:
        EngineError: No engine answers.
        StackError: There is no such stack.
    """
    session = Session(connection.connect(console, settings), settings)
    if not session.ports or not session.secrets:
        raise without_state(settings, len(services.containers(session.engine, settings)))
    return session


def running(console: Console, settings: Settings, needs: Sequence[str]) -> Session:
    """Returns the session of a stack of which the needed services are healthy; one that is just starting is waited for.

    Raises:
        StackError: One of them isn't up, or isn't well.
    """
    session = attach(console, settings)
    require(session, needs)
    return session


def require(session: Session, needs: Sequence[str]) -> None:
    """Returns once the needed services are healthy; see `running`.

    Raises:
        StackError: One of them isn't up, or isn't well.
    """
    settings = session.settings

    def settled() -> bool:
        containers = services.containers(session.engine, settings)
        return not any(container.health == "starting" and container.service in needs for container in containers)

    poll(settled, seconds=STARTING_SECONDS)
    problems = services.unready(services.containers(session.engine, settings), needs)
    if problems:
        listed = "; ".join(f"{name} {problem}" for name, problem in problems.items())
        raise StackError(f"The stack `{settings.stack}` is not up: {listed}.", hint="sandbox up")
    if not variables.remembered(settings):
        raise incomplete(settings, variables.FILE, "variables")


def without_state(settings: Settings, containers: int) -> StackError:
    """Returns the error for a stack without a state folder: never started, or one that has lost it.

    Args:
        settings: Which stack.
        containers: How many there are of it all the same.
    """
    if not containers:
        return StackError(f"There is no stack `{settings.stack}`: it was never started here.", hint="sandbox up")
    return StackError(
        f"The stack `{settings.stack}` has {format_count(containers, 'container')}, but its ports and secrets are not "
        f"in {settings.state_dir}: they were deleted, or SANDBOX_STATE_DIR was another folder when it was started.",
        hint="sandbox up\nIt makes new secrets and passwords. All data stays. "
        "Users' servers restart when they are idle.",
    )


def incomplete(settings: Settings, file: str, name: str) -> StackError:
    """Returns the error for a file of the state folder that lacks something."""
    return StackError(
        f"{settings.state_dir / file} is not there or incomplete: it has no `{name}`.",
        hint="sandbox up\nIt adds what is missing.",
    )
