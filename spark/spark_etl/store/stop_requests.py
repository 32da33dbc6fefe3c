"""Requests to stop a run, which whoever runs it looks for. Only the hub's page of runs can write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.storage import S3Settings, join, relative_to, storage_for
from spark_etl.store.layout import USERS

LARGEST = 4096
OWN_DEPTH = 2  # of a run below `users/`: ada/billing/<run id>, at least
LONGEST_NAME = 200
# No user has this name, and no server keys to its prefix.
STOP_USER = "_stops"


def stop_path(root: str) -> str:
    """Returns where the request for a run lies, below the scratch path that has all teams and users.

    Args:
        root: The run's folder.
    """
    scratch, _, below = root.partition(f"/{USERS}/")
    if below.count("/") >= OWN_DEPTH:  # or it is a pipeline of that name
        return join(scratch, USERS, STOP_USER, USERS, f"{below}.json")
    scratch = root.rsplit("/", 3)[0]
    return join(scratch, USERS, STOP_USER, f"{relative_to(root, scratch)}.json")


def write_stop(root: str, by: str, settings: S3Settings | None = None) -> None:
    """Asks a run to stop.

    Args:
        root: The run's folder.
        by: Who asks.
        settings: How to reach S3; from the environment if not given.
    """
    path = stop_path(root)
    known = {"by": by[:LONGEST_NAME], "at": datetime.now(UTC).isoformat(timespec="seconds")}
    storage_for(path, settings).write(path, json.dumps(known).encode())


def read_stop(root: str, settings: S3Settings | None = None) -> str | None:
    """Returns who has asked a run to stop; None if nobody has."""
    path = stop_path(root)
    try:
        found = bounded_json.read(storage_for(path, settings).read, path, largest=LARGEST)
    except DamagedError:
        return None
    return str(found.get("by") or "somebody")[:LONGEST_NAME] if found else None
