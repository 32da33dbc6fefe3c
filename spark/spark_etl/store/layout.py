"""Where things of a run lie below the scratch path: `<scratch>/<team>/<pipeline>/<run id>/<feature>/`."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from spark_etl.storage import join, name_of

RUN_FILE = "run.json"
MANIFEST_FILE = "_manifest.json"
FAILURE_FILE = "_failure.json"
# Below it, users of the sandbox keep what their own notebooks run; no team's runs lie there.
USERS = "users"
RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def new_run_id(now: datetime | None = None) -> str:
    """Returns an id that sorts by time and that no other run has: `20240229T101112Z-7f3a2c`."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def is_run_id(name: str) -> bool:
    """Tells whether a folder's name is a run's id."""
    return RUN_ID.fullmatch(name) is not None


@dataclass(frozen=True)
class RunPaths:
    """The paths of one run.

    Attributes:
        root: `<scratch>/<team>/<pipeline>/<run id>`, normalised.
    """

    root: str

    @classmethod
    def of(cls, scratch: str, team: str, pipeline: str, run_id: str) -> RunPaths:
        """Returns the paths of a run below a normalised scratch path."""
        return cls(join(scratch, team, pipeline, run_id))

    @property
    def run_id(self) -> str:
        """The run's id."""
        return name_of(self.root)

    @property
    def team(self) -> str:
        """Whose folder it lies in."""
        return self.root.split("/")[-3]

    @property
    def pipeline(self) -> str:
        """The pipeline's folder that it lies in."""
        return self.root.split("/")[-2]

    @property
    def run_file(self) -> str:
        """Path of run.json."""
        return join(self.root, RUN_FILE)

    def checkpoint(self, feature: str) -> str:
        """Returns the folder of a feature's checkpoint."""
        return join(self.root, feature)

    def manifest(self, feature: str) -> str:
        """Returns the path of a checkpoint's manifest."""
        return join(self.root, feature, MANIFEST_FILE)
