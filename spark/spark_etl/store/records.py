"""The parts of what a run is: its features, outputs, code, errors, and what it is a replay of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["pending", "running", "built", "succeeded", "failed", "interrupted", "skipped", "reused", "staged"]
OWN_CODE = "the run's own code"


@dataclass
class ErrorRecord:
    """What something failed with.

    Attributes:
        message: What was raised, as a person reads it.
        traceback: The project's own frames.
        type: Class of what was raised; None of a feature's error.
        feature: The feature that failed; None when it was the run itself.
        hint: The next command, if there is one.
    """

    message: str | None = None
    traceback: str = ""
    type: str | None = None
    feature: str | None = None
    hint: str | None = None


@dataclass
class FeatureRecord:
    """What is known of a feature of a run.

    Attributes:
        class_path: Its class, with its module.
        checkpoint: Whether it was to be kept.
        state: How far it is.
        seconds: What it took, publishing not counted; None before its end, and where it was never started.
        rows: Of its checkpoint or its output; None where nobody counted them.
        bytes: Of its checkpoint; None: it has none.
        started: When, in UTC.
        reason: Why it is computed, reused or skipped.
        reused_from: The folder of the run whose checkpoint it is; None if it was computed.
        after_failure: Whether its checkpoint was computed once more because a feature that reads it had failed.
        deterministic: Whether its query gives the same rows each time; None where that is not known.
        stages: Spark stages of its checkpoint.
        tasks: Spark tasks of its checkpoint.
        error: What it failed with.
    """

    class_path: str = ""
    checkpoint: bool = False
    state: str = "pending"
    seconds: float | None = None
    rows: int | None = None
    bytes: int | None = None
    started: str | None = None
    reason: str | None = None
    reused_from: str | None = None
    after_failure: bool = False
    deterministic: bool | None = None
    stages: int | None = None
    tasks: int | None = None
    error: ErrorRecord | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def has_checkpoint(self) -> bool:
        """Whether its rows are kept, in this run or in the one that it was reused from."""
        return self.bytes is not None


@dataclass
class OutputRecord:
    """One output of a run.

    Attributes:
        feature: Whose rows.
        path: Where to.
        overwrite: Whether what the same output wrote before is replaced.
        state: How far it is.
        seconds: What writing it took.
    """

    feature: str
    path: str
    overwrite: bool = False
    state: str = "pending"
    seconds: float | None = None
    rows: int | None = None
    bytes: int | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class ReplayRecord:
    """What a replay is about.

    Attributes:
        run: The name of the run of which one feature was computed again.
        path: Its folder.
        feature: The feature.
        code: The code that has computed it: OWN_CODE, or where other code came from.
        verdict: How the rows, or the failure, compare with the run's; None as long as that is not known.
    """

    run: str
    path: str
    feature: str
    code: str = ""
    verdict: dict[str, Any] | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class CodeRecord:
    """The code that a run has kept, or why it has kept none.

    Attributes:
        sha256: Names the archive; None where there is none.
        files: How many files it has.
        bytes: What they come to.
        left_out: What of the project is not in it → why.
        reason: Why there is no archive.
    """

    sha256: str | None = None
    files: int = 0
    bytes: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    more: dict[str, Any] = field(default_factory=dict)
