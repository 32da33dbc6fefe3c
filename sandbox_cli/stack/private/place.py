"""What belongs to one place: names, labels, and that all of it is gone afterwards, also after a kill."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from sandbox_cli.settings import Settings
from sandbox_cli.stack import lock, services, state
from sandbox_cli.stack.engine import answers
from sandbox_cli.stack.engine.connection import Engine

LABEL = "sandbox.private"
FOLDER = "private"


@dataclass(frozen=True)
class Place:
    """One place.

    Attributes:
        stack: Whose.
        id: Its own.
    """

    stack: str
    id: str

    @property
    def store(self) -> str:
        """Name of the store's container."""
        return f"{self.stack}-private-{self.id}-store"

    @property
    def driver(self) -> str:
        """Name of the driver's container."""
        return f"{self.stack}-private-{self.id}-driver"

    @property
    def network(self) -> str:
        """The internal network of store and driver."""
        return f"{self.stack}_private-{self.id}"

    @property
    def edge(self) -> str:
        """The network by which this machine reaches the store; the driver is not on it."""
        return f"{self.network}-edge"

    @property
    def volume(self) -> str:
        """What the store keeps its objects in."""
        return f"{self.network}-data"

    @property
    def copier(self) -> str:
        """Name of the container that copies packages."""
        return f"{self.stack}-private-{self.id}-packages"

    @property
    def packages(self) -> str:
        """The volume of the run's packages, and of no others."""
        return f"{self.network}-packages"

    @property
    def labels(self) -> dict[str, str]:
        """Labels of containers and volumes: those by which `down` and `reset` find them, too."""
        return {services.STACK: self.stack, LABEL: self.id}

    @property
    def network_labels(self) -> dict[str, str]:
        """Labels of the networks."""
        return {services.PROJECT: self.stack, LABEL: self.id}


@contextmanager
def new_place(engine: Engine, settings: Settings) -> Iterator[Place]:
    """Gives a place in which nothing is yet, and removes all that is made in it.

    What commands have left that were killed is removed first.
    """
    remove_leftovers(engine, settings)
    place = Place(settings.stack, secrets.token_hex(4))
    state.private_folder(settings.state_dir / FOLDER)
    with lock.alive(_lock_of(settings, place.id)):
        try:
            yield place
        finally:
            _remove(engine, settings, {place.id})


def folder_of(settings: Settings, place: Place) -> Path:
    """Returns the folder of a place on this machine, which goes with it."""
    return state.private_folder(settings.state_dir / FOLDER / place.id)


def remove_leftovers(engine: Engine, settings: Settings, *, at_work: bool = False) -> None:
    """Removes the places of commands that were killed.

    Args:
        engine: Where they are.
        settings: Of which stack.
        at_work: Whether also those go that a command is at work in.
    """
    found = {labels[LABEL] for labels in _labels(engine, settings)}
    found |= {path.stem for path in (settings.state_dir / FOLDER).glob("*")}
    gone = {name for name in found if at_work or not lock.is_alive(_lock_of(settings, name))}
    _remove(engine, settings, gone)
    for name in gone:
        lock.remove_dead(_lock_of(settings, name))


def _lock_of(settings: Settings, name: str) -> Path:
    return settings.state_dir / FOLDER / f"{name}.lock"


def _labels(engine: Engine, settings: Settings) -> Iterator[dict[str, str]]:
    for raw in _containers(engine, settings):
        yield dict(raw["Labels"])
    for network in engine.client.networks.list(filters=_filters(services.PROJECT, settings)):
        yield dict(network.attrs["Labels"])
    for volume in engine.client.volumes.list(filters=_filters(services.STACK, settings)):
        yield dict(volume.attrs["Labels"])


def _containers(engine: Engine, settings: Settings) -> list[dict[str, Any]]:
    found = answers.listed(engine, LABEL)
    return [raw for raw in found if raw["Labels"].get(services.STACK) == settings.stack]


def _filters(label: str, settings: Settings) -> dict[str, list[str]]:
    return {"label": [f"{label}={settings.stack}", LABEL]}


def _remove(engine: Engine, settings: Settings, names: set[str]) -> None:
    """Removes containers first, as they hold networks and volumes."""
    if not names:
        return
    for name in names:
        shutil.rmtree(settings.state_dir / FOLDER / name, ignore_errors=True)
    for raw in _containers(engine, settings):
        if raw["Labels"][LABEL] in names and (container := answers.container(engine, raw["Id"])):
            answers.remove(container)
    for network in engine.client.networks.list(filters=_filters(services.PROJECT, settings)):
        if network.attrs["Labels"][LABEL] in names:
            with contextlib.suppress(NotFound, APIError):  # one in use goes with the next clean-up
                network.remove()
    for volume in engine.client.volumes.list(filters=_filters(services.STACK, settings)):
        if volume.attrs["Labels"][LABEL] in names:
            with contextlib.suppress(NotFound, APIError):
                volume.remove(force=True)
