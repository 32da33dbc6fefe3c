"""How a run is called, so that the name means one run and no other wherever it is typed.

1. The id: a run of a team, `<scratch>/<team>/<pipeline>/<run id>`.
2. The path below the scratch path: `users/ada/billing/<run id>`, for what a user keeps below their own prefix. An id
   alone never means such a run, as whoever has the prefix may give it any id.
3. The whole path, for a run below another scratch path.
"""

from __future__ import annotations

import os

from spark_etl.errors import RunNotFoundError
from spark_etl.storage import is_s3, join, normalise
from spark_etl.store.layout import USERS

TEAM_DEPTH = 3


def run_name(root: str, scratch: str | None = None) -> str:
    """Returns what finds a run: its id, its path below the scratch path, or its whole path.

    Args:
        root: The run's folder, normalised.
        scratch: Where readers look for runs; `SANDBOX_SCRATCH` if not given.
    """
    known = scratch or os.environ.get("SANDBOX_SCRATCH")
    top = normalise(known) if known else _top(root)
    if not top or not root.startswith(f"{top}/"):
        return root.removeprefix("file://")
    parts = root[len(top) + 1 :].split("/")
    if parts[0] == USERS:
        return "/".join(parts)
    return parts[-1] if len(parts) == TEAM_DEPTH else root.removeprefix("file://")


def run_path(name: str, scratch: str | None) -> str:
    """Returns where the run lies that a path names; its last part may be the beginning or the end of an id.

    Args:
        name: A path, as `run_name` returns one.
        scratch: Where readers look for runs.

    Raises:
        RunNotFoundError: It leads upwards.
    """
    path = name.strip().rstrip("/")
    if {".", ".."} & set(path.split("/")):
        raise RunNotFoundError(f"{name!r} leads out of its place", hint="runs.list()")
    if "://" in path or path.startswith("/"):
        return normalise(path)
    base = scratch or ""
    if path.split("/")[0] == USERS and f"/{USERS}/" in f"{base}/":
        base = f"{base}/".rpartition(f"/{USERS}/")[0]
    return join(base, path)


def top_scratch(scratch: str) -> str:
    """Returns the scratch path above users' own: in a notebook, somebody may look below their own alone."""
    return f"{scratch}/".partition(f"/{USERS}/")[0].rstrip("/") if is_s3(scratch) else scratch


def _top(root: str) -> str:
    """Returns the scratch path that a run in S3 seems to lie below; empty for a local folder, which nobody looks in."""
    if not is_s3(root):
        return ""
    above, found, _ = root.partition(f"/{USERS}/")
    return above if found else root.rsplit("/", TEAM_DEPTH)[0]


def looks_like_a_path(name: str) -> bool:
    """Returns whether a run is named by its path."""
    return "/" in name.strip().rstrip("/")


def short_name(root: str) -> str:
    """Returns what `--resume` finds a run by: its id, or the path of one that a user keeps."""
    name = run_name(root)
    return name if name.startswith(f"{USERS}/") else root.rpartition("/")[2]
