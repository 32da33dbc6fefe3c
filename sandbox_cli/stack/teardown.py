"""`down` keeps all data; `reset` deletes it, after the user has seen the list."""

from __future__ import annotations

import contextlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError, NotFound
from spark_etl.units import format_count

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import lock, services
from sandbox_cli.stack.compose import Compose
from sandbox_cli.stack.engine import answers
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.images import inventory
from sandbox_cli.stack.private.place import remove_leftovers

SERVER_SECONDS = 5


@dataclass(frozen=True)
class StackResources:
    """Everything of a stack that `reset` deletes.

    Attributes:
        images: Tags of images, if they are to go too.
    """

    containers: list[str]
    volumes: list[str]
    networks: list[str]
    folder: Path | None
    images: list[str]

    def lines(self) -> list[str]:
        """Returns what will be deleted, a line each."""
        named = {"container": self.containers, "volume": self.volumes, "network": self.networks, "image": self.images}
        lines = [f"{kind} {name}" for kind, names in named.items() for name in names]
        return [*lines, *([f"folder {self.folder} (secrets, accounts, logs)"] if self.folder else [])]


def down(console: Console, settings: Settings, engine: Engine) -> dict[str, object]:
    """Stops and removes every container of the stack; returns what was stopped. Data stays."""
    with lock.stack_lock(console, settings, "down"):
        return _down(console, settings, engine)


def _down(console: Console, settings: Settings, engine: Engine, *, kept: str = ", all data kept") -> dict[str, object]:
    with console.stage("down") as stage:
        servers = services.servers(engine, settings)
        stage.update(
            f"stopping {format_count(len(servers), 'server')} of users" if servers else "stopping the services"
        )
        before = services.containers(engine, settings)
        with ThreadPoolExecutor(8) as pool:
            stopped = [pool.submit(answers.end, server, seconds=SERVER_SECONDS) for server in servers]
            Compose(engine, settings).down()
            for server in stopped:
                server.result()
        remove_leftovers(engine, settings, at_work=True)
        _remove_networks(engine, settings)
        stage.result = f"{format_count(len(before), 'container')} removed{kept}" if before else "nothing was running"
    return {"stack": settings.stack, "removed": [container.name for container in before]}


def _remove_networks(engine: Engine, settings: Settings) -> None:
    """Compose leaves a network that a user's server was still on."""
    for network in engine.client.networks.list(filters={"label": f"{services.PROJECT}={settings.stack}"}):
        with contextlib.suppress(NotFound):
            network.remove()


def stack_resources(engine: Engine, settings: Settings, *, with_images: bool) -> StackResources:
    """Returns the resources of the stack that exist."""
    labels = [f"{label}={settings.stack}" for label in (services.PROJECT, services.STACK)]
    volumes = {volume.name for label in labels for volume in engine.client.volumes.list(filters={"label": label})}
    networks = {network.name for label in labels for network in engine.client.networks.list(filters={"label": label})}
    refs = inventory.stale(engine, settings) + list(inventory.current_refs(settings).values()) if with_images else []
    present = {tag for image in engine.client.images.list() for tag in image.tags} if with_images else set()
    return StackResources(
        containers=[container.name for container in services.containers(engine, settings)],
        volumes=sorted(map(str, volumes)),
        networks=sorted(map(str, networks)),
        folder=settings.state_dir if settings.state_dir.exists() else None,
        images=[ref for ref in refs if ref in present],
    )


def reset(console: Console, settings: Settings, engine: Engine, resources: StackResources) -> None:
    """Deletes the resources, and the state folder.

    Raises:
        StackError: The engine refused to delete one of them.
    """
    with lock.stack_lock(console, settings, "reset"):
        _down(console, settings, engine, kept="")
        with console.stage("reset") as stage:
            failures = [
                f"volume {name}: {reason}" for name in resources.volumes if (reason := _remove_volume(engine, name))
            ]
            failures += [f"image {ref}: in use" for ref in inventory.remove(engine, resources.images)]
            stage.result = f"{format_count(len(resources.lines()), 'resource')} deleted"
    if failures:
        raise StackError("Could not be deleted: " + "; ".join(failures), hint="docker ps --all")
    shutil.rmtree(settings.state_dir, ignore_errors=True)


def _remove_volume(engine: Engine, name: str) -> str:
    """Returns why the volume could not be removed; empty if it is gone."""
    try:
        engine.client.volumes.get(name).remove()
    except NotFound:
        return ""
    except APIError as error:
        return str(error.explanation)
    return ""
