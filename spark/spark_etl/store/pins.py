"""Pins: which checkpoints a shared notebook has read, so that they are not cleaned up while it is on the shelf."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.storage import S3Settings, join, relative_to, storage_for
from spark_etl.store.layout import USERS

LARGEST = 1 << 20
# No user has this name; pins lie below its prefix.
PIN_USER = "_pins"


class PinnedVersion(NamedTuple):
    """One version of a shared notebook.

    Attributes:
        author: Whose notebook.
        name: The notebook's.
        version: 1 is the first.
    """

    author: str
    name: str
    version: int


class Pin(NamedTuple):
    """A checkpoint that is kept for a shared notebook.

    Attributes:
        path: The checkpoint's folder.
        run: Its run's id.
        feature: Its feature.
        notebook: `author/name/v3`.
    """

    path: str
    run: str
    feature: str
    notebook: str


def write_pin(
    scratch: str,
    version: PinnedVersion,
    checkpoints: Sequence[Mapping[str, Any]],
    at: str,
    settings: S3Settings | None = None,
) -> str:
    """Keeps the checkpoints that a version has read; returns where that is written.

    Args:
        scratch: The scratch path.
        version: The notebook's.
        checkpoints: With `path`, `run` and `feature` each.
        at: When the version was shared, in UTC.
        settings: How to reach S3; from the environment if not given.
    """
    path = pin_path(scratch, version)
    content = {
        "notebook": f"{version.author}/{version.name}/v{version.version}",
        "at": at,
        "checkpoints": [{key: read[key] for key in ("path", "run", "feature")} for read in checkpoints],
    }
    storage_for(path, settings).write(path, json.dumps(content, indent=1).encode())
    return path


def remove_pin(scratch: str, version: PinnedVersion, settings: S3Settings | None = None) -> None:
    """Gives the checkpoints that a version has read free, as far as no other pin holds them."""
    path = pin_path(scratch, version)
    storage_for(path, settings).delete([path])


def read_pins(scratch: str, settings: S3Settings | None = None, *, strict: bool = False) -> Iterator[Pin]:
    """Yields every checkpoint that is pinned.

    Args:
        scratch: The scratch path.
        settings: How to reach S3; from the environment if not given.
        strict: Whether a pin that can't be read is an error; otherwise it pins nothing.

    Raises:
        DamagedError: A pin can't be read, where that is one.
    """
    folder = join(scratch, USERS, PIN_USER)
    store = storage_for(folder, settings)
    for item in store.walk(folder):
        author, _, rest = relative_to(item.path, folder).partition("/")
        if rest.count("/") != 1 or not rest.endswith(".json"):
            continue
        if item.size > LARGEST and not strict:
            continue
        try:
            content = bounded_json.read(store.read, item.path, largest=LARGEST) or {}
        except DamagedError:
            if strict:
                raise
            continue
        notebook = str(content.get("notebook") or f"{author}/{rest.removesuffix('.json')}")
        yield from _pins(content, notebook)


def _pins(content: Mapping[str, Any], notebook: str) -> Iterator[Pin]:
    checkpoints = content.get("checkpoints")
    for known in checkpoints if isinstance(checkpoints, list) else []:
        if isinstance(known, dict) and all(isinstance(known.get(name), str) for name in ("path", "run", "feature")):
            yield Pin(known["path"], known["run"], known["feature"], notebook)


def pin_path(scratch: str, version: PinnedVersion) -> str:
    """Returns where the pin of a version lies."""
    return join(scratch, USERS, PIN_USER, version.author, version.name, f"v{version.version}.json")
