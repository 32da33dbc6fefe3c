"""What a clean-up deletes and what stays, each with its reason: a value that is shown, stored and executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from spark_etl.errors import DamagedError

FORMAT = 1
Goes = Literal["old", "named"]
Stays = Literal[
    "running",
    "damaged",
    "publishing",
    "pinned",
    "newest success",
    "kept last",
    "young",
    "reused",
    "origin of a replay",
]
LeftoverKind = Literal[
    "half-written run", "unfinished checkpoint", "unfinished upload", "code", "mark", "stop request", "trust record"
]
REASONS = (*get_args(Goes), *get_args(Stays))
KINDS = get_args(LeftoverKind)


@dataclass(frozen=True)
class PlannedRun:
    """A run, and whether it goes.

    Attributes:
        name: As lists name it.
        root: Its folder.
        goes: Whether it is to be deleted.
        reason: Why it goes or stays.
        by: What keeps it: shared notebooks, runs, or what is wrong with its run.json.
        status: How it ended; `running`, `died` or `damaged`.
        age: Seconds since it started.
        bytes: Of all that lies in its folder.
        objects: How many objects that is.
        etag: Of its run.json, when the plan was made.
    """

    name: str
    root: str
    goes: bool
    reason: Goes | Stays
    by: tuple[str, ...]
    status: str
    age: float
    bytes: int
    objects: int
    etag: str


@dataclass(frozen=True)
class Leftover:
    """Something that belongs to no run, or to none any more.

    Attributes:
        kind: What it is.
        path: An object, or the folder of several.
        run: The folder of the run that it belonged to; empty of what belongs to none.
        bytes: Of all of it.
        objects: How many objects that is.
        upload_id: What S3 calls an upload.
        started: When an upload began, in UTC; empty of anything else.
    """

    kind: LeftoverKind
    path: str
    run: str = ""
    bytes: int = 0
    objects: int = 1
    upload_id: str = ""
    started: str = ""


@dataclass(frozen=True)
class GcPlan:
    """What goes and what stays.

    Attributes:
        scratch: The scratch path, normalised.
        made: When, in UTC.
        runs: Newest first.
        leftovers: All of them go.
        notes: What could not be looked at, and why.
        format: Of the stored plan.
    """

    scratch: str
    made: str
    runs: tuple[PlannedRun, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    notes: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def going(self) -> list[PlannedRun]:
        """The runs that are to be deleted."""
        return [run for run in self.runs if run.goes]

    @property
    def staying(self) -> list[PlannedRun]:
        """The runs that are not."""
        return [run for run in self.runs if not run.goes]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to delete."""
        return not self.leftovers and not any(run.goes for run in self.runs)

    def to_dict(self) -> dict[str, Any]:
        """Returns the plan as it is stored, in JSON's types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> GcPlan:
        """Returns a stored plan.

        Raises:
            DamagedError: It is none, or of another format.
        """
        if known.get("format") != FORMAT:
            raise DamagedError("this is no plan of a clean-up that this version can read", hint="make a new one")
        try:
            runs = tuple(PlannedRun(**{**run, "by": tuple(run["by"])}) for run in known["runs"])
            leftovers = tuple(Leftover(**each) for each in known["leftovers"])
            plan = cls(str(known["scratch"]), str(known["made"]), runs, leftovers, tuple(known["notes"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"the plan of a clean-up is damaged: {error}", hint="make a new one") from error
        if any(run.reason not in REASONS for run in runs) or any(each.kind not in KINDS for each in leftovers):
            raise DamagedError("the plan of a clean-up names an unknown reason", hint="make a new one")
        return plan
