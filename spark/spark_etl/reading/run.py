"""One run, as its document describes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.errors import CheckpointError, RunNotFoundError
from spark_etl.names import alternatives
from spark_etl.reading.asserting import AssertedRun
from spark_etl.reading.checkpoint import Checkpoint
from spark_etl.reading.comparing import ComparedRun
from spark_etl.reading.debugging import DebuggedRun
from spark_etl.reading.failure import Failure, load_failure
from spark_etl.reading.no_checkpoint import no_checkpoint_error
from spark_etl.reading.opened import open_checkpoint
from spark_etl.reading.replay import Replay, start_replay
from spark_etl.reading.run_table import format_seconds, run_html, run_text
from spark_etl.storage import join
from spark_etl.store import (
    DAMAGED,
    RECORDED_STATUSES,
    ErrorRecord,
    FeatureRecord,
    RunDocument,
    StoredRun,
    Summary,
    run_name,
)

if TYPE_CHECKING:
    from spark_etl.reading.code import RunCode
    from spark_etl.reading.verify import OnProgress, VerifyResult

STATUSES = (*RECORDED_STATUSES, "died", DAMAGED)


def load_run(stored: StoredRun, name: str = "") -> Run | None:
    """Returns the run of a folder, or None when it has no run.json; one that is damaged has that as its status."""
    document = stored.document()
    if document is None:
        return None
    died = document.status == "running" and stored.is_alive() is False
    return Run(stored, document, died=died, name=name)


class Run(AssertedRun, ComparedRun, DebuggedRun):
    """One run; `run["feature"]` is the checkpoint of a feature.

    Args:
        stored: Where it lies.
        document: What it is; None to read it when it is asked for.
        summary: What the index of runs says of it, which is enough for a list.
        died: Whether it has stopped to say that it is alive, without having ended.
        name: What `runs[name]` finds it by; its id if not given.
    """

    def __init__(
        self,
        stored: StoredRun,
        document: RunDocument | None,
        summary: Summary | None = None,
        *,
        died: bool = False,
        name: str = "",
    ) -> None:
        self.stored = stored
        self._document = document
        self._summary = summary
        self._died = died
        self.name = name or stored.run_id
        self._code: RunCode | None = None

    @property
    def document(self) -> RunDocument:
        """All that is recorded of it.

        Raises:
            RunNotFoundError: There is no run.json any more.
        """
        if self._document is None:
            self._take(load_run(self.stored))
        if self._document is None:
            raise RunNotFoundError(f"{self.stored.document_path} is not there any more", hint="runs.list()")
        return self._document

    @property
    def content(self) -> dict[str, Any]:
        """The same as plain values, as run.json has them.

        Raises:
            RunNotFoundError: There is no run.json any more.
        """
        return self.document.to_json()

    @property
    def id(self) -> str:
        """The run's id."""
        return self.stored.run_id

    @property
    def path(self) -> str:
        """Its folder."""
        return self.stored.root

    @property
    def status(self) -> str:
        """`running`, `succeeded`, `failed`, `interrupted`, `died` (it says no more that it is alive) or `damaged`."""
        if self._unread:
            return self._unread.status
        status = self.document.status
        return "died" if self._died and status == "running" else status

    @property
    def team(self) -> str:
        """Whose run it is."""
        return self.stored.team if self._unread else self.document.team

    @property
    def pipeline(self) -> str:
        """What ran."""
        return self.stored.pipeline if self._unread else self.document.pipeline

    @property
    def dates(self) -> str:
        """The days it is about: one, or first..last."""
        return self._unread.dates if self._unread else self.document.dates

    @property
    def kind(self) -> str:
        """`run`, `replay`, `imported` or `adopted`."""
        return self._unread.kind if self._unread else self.document.kind

    @property
    def user(self) -> str:
        """Who started it; empty where that is not known."""
        return self._unread.user if self._unread else self.document.user

    @property
    def started(self) -> str | None:
        """When it started, in UTC; None where that is not known."""
        return (self._unread.started or None) if self._unread else self.document.started

    @property
    def seconds(self) -> float | None:
        """How long it took; None as long as it goes on."""
        return self._unread.seconds if self._unread else self.document.seconds

    @property
    def _unread(self) -> Summary | None:
        """What the index says, as long as the document was not read."""
        return self._summary if self._document is None else None

    @property
    def features(self) -> dict[str, FeatureRecord]:
        """Alias → state, seconds, rows, error and so on, in the order they ran."""
        return self.document.in_order()

    @property
    def checkpoints(self) -> list[str]:
        """The features that were kept."""
        return self.document.with_checkpoint()

    @property
    def error(self) -> ErrorRecord | None:
        """What it failed with: feature, type, message, traceback."""
        return self.document.error

    @property
    def failure(self) -> Failure | None:
        """Why it failed, with the inputs of what failed; None for a run that did not."""
        if self.status != "failed":
            return None
        return load_failure(self.stored, self.document, self._open_checkpoint)

    @property
    def log(self) -> str:
        """What it said, each line with its time; of very much the beginning and the end. Empty if it was not kept."""
        return self.stored.log()

    @property
    def code(self) -> RunCode:
        """The files of its project: path → text.

        Raises:
            CodeNotKeptError: It has kept none; why is said.
        """
        from spark_etl.reading.code import code_of  # archives and ignore rules, which few readers need

        if self._code is None or self._code.sha256 != (self.document.code and self.document.code.sha256):
            self._code = code_of(self.stored, self.document, self.name)
        return self._code

    def reload(self) -> Run:
        """Reads the document again: a run that is going on moves."""
        self._take(load_run(self.stored))
        return self

    def replay(
        self,
        feature: str | None = None,
        *,
        code: str | Path | None = None,
        local: bool = False,
        allow_changed_sources: bool = False,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
    ) -> Replay[Run]:
        """Computes one feature again on what it had read, and returns how its rows compare with the run's.

        It works in a process of its own, with the rights of this one, and opens the kind of session that the run had.

        Args:
            feature: The feature; if not given, the one that the run failed at.
            code: Folder of the project with other code for this one feature; else it is what the run has kept.
            local: Whether Spark is to run in that process, whatever the run had.
            allow_changed_sources: Whether a source that has changed since is read as it is now.
            start_date: First day, of a run that does not say it.
            end_date: Last day, included.

        Raises:
            ReadError: It can't be replayed: no code, no rows above the feature, a source that has changed.
        """
        options = {
            "--code": None if code is None else Path(code).expanduser().absolute(),
            "--local": local,
            "--allow-changed-sources": allow_changed_sources,
            "--start-date": start_date,
            "--end-date": end_date,
        }
        path, verdict = start_replay(self.path, feature, options)
        return Replay(verdict, Run(StoredRun(path, self.stored.settings), None, name=run_name(path)))

    def _take(self, other: Run | None) -> None:
        if other is not None:
            self._document, self._died = other._document, other._died

    def __getitem__(self, feature: str) -> Checkpoint:
        """Returns the checkpoint of a feature.

        Raises:
            CheckpointError: It has none; why is said.
        """
        if self.status == DAMAGED:
            raise CheckpointError(f"run {self.id} is damaged: {self.error.message if self.error else ''}")
        features = self.document.features
        if feature not in features:
            raise CheckpointError(f"run {self.id} has no feature `{feature}`. {alternatives(feature, self.features)}")
        found = self._open_checkpoint(join(features[feature].reused_from or self.stored.root, feature))
        if found is None:
            if self.document.status == "running":  # one that has ended stays what it was when it was looked at
                self.reload()
            raise no_checkpoint_error(self.document, self.status, feature)
        return found

    def _open_checkpoint(self, folder: str) -> Checkpoint | None:
        return open_checkpoint(self.stored, self.document, self.status, folder)

    def verify(self, *, on_progress: OnProgress | None = None) -> VerifyResult:
        """Returns whether all that the run has kept is as it was written; all rows of all checkpoints are read.

        Args:
            on_progress: Is called with the feature, and how many bytes of how many were read of it.
        """
        from spark_etl.reading.verify import verify_run

        return verify_run(self.stored, self.document, lambda feature: self[feature].verify(on_progress=on_progress))

    def __iter__(self) -> Iterator[str]:
        return iter(self.checkpoints)

    def _ipython_key_completions_(self) -> list[str]:
        return self.checkpoints

    def summary(self) -> list[str]:
        """Returns this run as a row: id, team, pipeline, dates, status, seconds, what it failed at."""
        failed_at = self._unread.failed_at if self._unread else (self.error and self.error.feature) or ""
        status = self.status if self.kind == "run" else f"{self.status}, {self.kind}"
        return [self.name, self.team, self.pipeline, self.dates, status, format_seconds(self.seconds), failed_at]

    def __repr__(self) -> str:
        return run_text(self.document, self.status)

    def _repr_html_(self) -> str:
        return run_html(self.document, self.status)
