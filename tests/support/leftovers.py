"""Test stacks have names of their own and leave nothing behind, also when the tests themselves were killed.

A run holds `<home>/<stack>.lock`; a stack whose lock no process holds is stale, and the next run removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import docker.errors

from tests.support.engine import COMPOSE_PROJECT, LABELS, Containers, client

FORGOTTEN_SECONDS = 6 * 3600
NAME = re.compile(r"^test-[0-9a-f]{8}$")


def home() -> Path:
    """Returns the folder of the test stacks' state: below the user's home, which Docker in a VM can see."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(base) / "sandbox-tests"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextlib.contextmanager
def own_name() -> Iterator[str]:
    """Gives a fresh stack name, and keeps it from being taken for a stale one."""
    name = f"test-{secrets.token_hex(4)}"
    path = home() / f"{name}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield name
        finally:
            path.unlink(missing_ok=True)


def is_in_use(name: str) -> bool:
    """Returns whether a run of the tests, alive now, owns this stack."""
    path = home() / f"{name}.lock"
    if not path.exists():
        return False
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def engine_answers() -> bool:
    """Returns whether there is an engine to leave something in."""
    try:
        return bool(client().ping())
    except Exception:  # noqa: BLE001 - whatever is wrong with it, nothing can be looked up in it
        return False


def of(stack: str) -> dict[str, list[str]]:
    """Returns what the engine still has of a stack: containers, volumes and networks by name."""
    found: dict[str, list[str]] = {"containers": [str(c.name) for c in Containers(stack).all()]}
    for kind, collection in (("volumes", client().volumes), ("networks", client().networks)):
        labelled = {x.name for label in LABELS for x in collection.list(filters={"label": f"{label}={stack}"})}
        named = {x.name for x in collection.list() if re.match(rf"{re.escape(stack)}[_-]", x.name)}
        found[kind] = sorted(labelled | named)
    return {kind: names for kind, names in found.items() if names}


def remove(stack: str) -> None:
    """Removes every container, volume and network of a stack, whatever state it is in, and its state folder.

    Stacks of another repository's test sessions have their state below the folder of the test that runs them.
    """
    for folder in (home() / stack).glob(".pytest/pytest-*"):
        if folder.is_dir():
            remove(folder.name)
    shutil.rmtree(home() / stack, ignore_errors=True)
    if not engine_answers():
        return
    for container in Containers(stack).all():
        with contextlib.suppress(docker.errors.APIError):
            container.remove(force=True, v=True)
    left = of(stack)
    for name in left.get("volumes", []):
        with contextlib.suppress(docker.errors.APIError):
            client().volumes.get(name).remove(force=True)
    for name in left.get("networks", []):
        with contextlib.suppress(docker.errors.APIError):
            client().networks.get(name).remove()


def forgotten() -> set[str]:
    """Returns the test stacks of the engine that are so old that no run can own them."""
    if not engine_answers():
        return set()
    created: dict[str, float] = {}
    for raw in client().api.containers(all=True, filters={"label": COMPOSE_PROJECT}):
        name = str(raw["Labels"][COMPOSE_PROJECT])
        created[name] = max(created.get(name, 0), float(raw["Created"]))
    return {name for name, at in created.items() if at < time.time() - FORGOTTEN_SECONDS}


def remove_stale() -> list[str]:
    """Removes the stacks of earlier runs that were killed; returns their names."""
    names = {path.name.removesuffix(".lock") for path in home().iterdir()} | forgotten()
    stale = sorted(name for name in names if NAME.match(name) and not is_in_use(name))
    for name in stale:
        remove(name)
        (home() / f"{name}.lock").unlink(missing_ok=True)
    return stale
