"""One run, as its document describes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spark_etl.errors import CheckpointError, RunNotFoundError
from spark_etl.names import alternatives, listing
from spark_etl.reading.changes import changed_modules
from spark_etl.reading.checkpoint import Checkpoint
from spark_etl.reading.failure import Failure, load_failure
from spark_etl.reading.tables import html_table, text_table
from spark_etl.storage import join, name_of
from spark_etl.store import (
    DAMAGED,
    RECORDED_STATUSES,
    ErrorRecord,
    FeatureRecord,
    Manifest,
    RunDocument,
    StoredRun,
    Summary,
    manifest_at,
)
from spark_etl.units import format_bytes

COLUMNS = ("feature", "state", "kept", "rows", "size", "seconds")
STATUSES = (*RECORDED_STATUSES, "died", DAMAGED)


def load_run(stored: StoredRun) -> Run | None:
    """Returns the run of a folder, or None when it has no run.json; one that is damaged has that as its status."""
    document = stored.document()
    if document is None:
        return None
    died = document.status == "running" and stored.is_alive() is False
    return Run(stored, document, died=died)


class Run:
    """One run; `run["feature"]` is the checkpoint of a feature.

    Args:
        stored: Where it lies.
        document: What it is; None to read it when it is asked for.
        summary: What the index of runs says of it; nothing more is read for a list.
        died: Whether it has stopped to say that it is alive, without having ended.
    """

    def __init__(
        self, stored: StoredRun, document: RunDocument | None, summary: Summary | None = None, *, died: bool = False
    ) -> None:
        self.stored = stored
        self._document = document
        self._summary = summary
        self._died = died

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
        known = self._unread
        return known.dates if known else self.document.dates

    @property
    def kind(self) -> str:
        """`run`, `replay`, `imported` or `adopted`."""
        return self._unread.kind if self._unread else self.document.kind

    @property
    def user(self) -> str:
        """Who started it; empty where that is not known."""
        return self._unread.user if self._unread else self.document.user

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
        return load_failure(self.stored, self.error or ErrorRecord(), self._open_checkpoint)

    @property
    def log(self) -> str:
        """What it said, each line with its time; of very much the beginning and the end. Empty if it was not kept."""
        return self.stored.log()

    def reload(self) -> Run:
        """Reads the document again: a run that is going on moves."""
        self._take(load_run(self.stored))
        return self

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
        reused_from = features[feature].reused_from
        found = self._open_checkpoint(join(reused_from or self.stored.root, feature))
        if found is not None:
            return found
        if reused_from:
            raise self._reused_checkpoint_gone(feature, reused_from)
        raise self._no_checkpoint_error(feature)

    def _open_checkpoint(self, folder: str) -> Checkpoint | None:
        """Returns the checkpoint of a folder; None where no manifest lies."""
        manifest = manifest_at(folder, self.stored.settings)
        if manifest is None:
            return None
        changed = changed_modules(manifest, self.document)
        return Checkpoint(folder, manifest, self.stored.settings, changed=changed, notes=list(self._notes(manifest)))

    def _notes(self, manifest: Manifest) -> Iterator[str]:
        """Yields what has to be known of a checkpoint besides its rows."""
        if manifest.run_id != self.id:
            yield f"reused by run {self.id}"
        if manifest.after_failure:
            yield "computed once more, after what reads it had failed"
        if self.status in {"running", "died"}:
            yield "its run is still running" if self.status == "running" else "its run died"

    def _reused_checkpoint_gone(self, feature: str, reused_from: str) -> CheckpointError:
        return CheckpointError(
            f"run {self.id} reused `{feature}` of run {name_of(reused_from)}, and nothing is left of it there",
            hint=f"run it again with --checkpoint {feature}",
        )

    def _no_checkpoint_error(self, feature: str) -> CheckpointError:
        self.reload()
        known = self.features[feature]
        kept = f"kept: {listing(self.checkpoints)}"
        if not known.checkpoint:
            return CheckpointError(
                f"`{feature}` was not kept by run {self.id}; {kept}", hint=f"run it again with --checkpoint {feature}"
            )
        if self.status == "running":
            at = listing(alias for alias, other in self.features.items() if other.state == "running")
            return CheckpointError(
                f"run {self.id} is still running (now at: {at}); `{feature}` is not written yet",
                hint=f"ask again later; {kept}",
            )
        reason = f": {known.error.message}" if known.error and known.error.message else ""
        return CheckpointError(
            f"`{feature}` has no manifest: run {self.id} {self.status} and its state is {known.state}{reason}. "
            "Files that may lie there are no checkpoint",
            hint=kept,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.checkpoints)

    def _ipython_key_completions_(self) -> list[str]:
        return self.checkpoints

    def summary(self) -> list[str]:
        """Returns this run as a row: id, team, pipeline, dates, status, seconds, what it failed at."""
        known = self._unread
        seconds = known.seconds if known else self.document.seconds
        failed_at = known.failed_at if known else (self.error and self.error.feature) or ""
        return [self.id, self.team, self.pipeline, self.dates, self.status, _seconds(seconds), failed_at]

    def _headline(self) -> str:
        error = f": {self.error.message}" if self.error else ""
        return f"run {self.id} of {self.team}/{self.pipeline} for {self.dates}: {self.status}{error}"

    def _rows(self) -> list[list[str]]:
        return [
            [
                alias,
                self._state_of(feature),
                "✓" if feature.has_checkpoint else "",
                "" if feature.rows is None else f"{feature.rows:,}",
                "" if feature.bytes is None else format_bytes(feature.bytes),
                _seconds(feature.seconds),
            ]
            for alias, feature in self.features.items()
        ]

    def _state_of(self, feature: FeatureRecord) -> str:
        if feature.reused_from:
            return f"reused from {name_of(feature.reused_from)}"
        return "died" if feature.state == "running" and self.status == "died" else feature.state

    def __repr__(self) -> str:
        return f"{self._headline()}\n{text_table(COLUMNS, self._rows())}"

    def _repr_html_(self) -> str:
        from spark_etl.drawing import as_html, run_diagram  # a notebook's first cell need not wait for it

        caption = self._headline().partition("\n")[0]  # the rest, such as rows that break a response: `failure`
        return as_html(run_diagram(self.document)) + html_table(COLUMNS, self._rows(), caption)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
