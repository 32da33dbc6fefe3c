"""What a run has decided to publish: whoever comes after a crash ends the work by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypedDict

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store.layout import DECISION_FILE

# A line for each file of an output.
LARGEST, IN_OBJECTS = 256 << 20, 1 << 30


class PublishDecision(TypedDict):
    """What a publication does at one path.

    Attributes:
        before: The files that readers saw; they are to go.
        new: The files that take their place, each as readers are to see it.
    """

    before: list[str]
    new: list[str]


def write_decisions(root: str, decisions: Mapping[str, PublishDecision], settings: S3Settings | None = None) -> None:
    """Notes what is to be done at each path, as one object.

    Args:
        root: The run's folder.
        decisions: Path → what is to be done there.
        settings: How to reach S3; from the environment if not given.
    """
    file = join(root, DECISION_FILE)
    storage_for(file, settings).write(file, json.dumps(decisions, indent=1).encode())


def read_decisions(root: str, settings: S3Settings | None = None) -> dict[str, Any]:
    """Returns path → what a run has decided to do there, as it is written; empty if it has not come so far.

    Raises:
        DamagedError: It can't be read.
    """
    file = join(root, DECISION_FILE)
    found = bounded_json.read(storage_for(file, settings).read, file, largest=LARGEST, in_objects=IN_OBJECTS)
    return found or {}


def decision_for(root: str, path: str, settings: S3Settings | None = None) -> PublishDecision | None:
    """Returns what is to be done at a path; None when the run has not come so far.

    Raises:
        DamagedError: It is no decision about files of that path.
    """
    found = read_decisions(root, settings)
    if path not in found:
        return None
    decision = found[path] if isinstance(found[path], dict) else {}
    before, new = decision.get("before"), decision.get("new")
    for files in (before, new):
        if not isinstance(files, list) or not all(_is_below(item, path) for item in files):
            raise DamagedError(f"{join(root, DECISION_FILE)} names something else than files of {path}")
    return PublishDecision(before=list(before or []), new=list(new or []))


def _is_below(file: object, path: str) -> bool:
    return isinstance(file, str) and file.startswith(f"{path}/") and ".." not in file.split("/")
