"""One run, as its run.json tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spark_etl.errors import CheckpointError, RunNotFoundError
from spark_etl.names import alternatives, listing
from spark_etl.reading.changes import changed_modules
from spark_etl.reading.checkpoint import Checkpoint
from spark_etl.reading.failure import Failure, load_failure
from spark_etl.reading.run_file import DAMAGED, read_run_file
from spark_etl.reading.tables import html_table, text_table
from spark_etl.storage import S3Settings, join, name_of
from spark_etl.store import heartbeat
from spark_etl.store.index import Summary
from spark_etl.store.layout import MANIFEST_FILE, RunPaths
from spark_etl.store.manifest import Manifest, read_manifest
from spark_etl.store.record import STATUSES as RECORDED
from spark_etl.units import format_bytes

COLUMNS = ("feature", "state", "kept", "rows", "size", "seconds")
STATUSES = (*RECORDED, "died", DAMAGED)


def load_run(paths: RunPaths, settings: S3Settings | None = None) -> Run | None:
    """Returns the run of a folder, or None when it has no run.json; one that is damaged has that as its status."""
    document = read_run_file(paths, settings)
    if document is None:
        return None
    died = document["status"] == "running" and heartbeat.is_alive(paths, settings) is False
    return Run(paths, document, settings, died=died)


class Run:
    """One run; `run["feature"]` is the checkpoint of a feature.

    Args:
        paths: Where it lies.
        content: All of run.json; None to read it when it is asked for.
        settings: How to reach S3; from the environment if not given.
        summary: What the index of runs says of it; nothing more is read for a list.
        died: Whether it has stopped to say that it is alive, without having ended.
    """

    def __init__(
        self,
        paths: RunPaths,
        content: dict[str, Any] | None,
        settings: S3Settings | None = None,
        summary: Summary | None = None,
        *,
        died: bool = False,
    ) -> None:
        self.paths = paths
        self._content = content
        self._settings = settings
        self._summary = summary
        self._died = died

    @property
    def content(self) -> dict[str, Any]:
        """All of run.json.

        Raises:
            RunNotFoundError: There is none any more.
        """
        if self._content is None:
            self._take(load_run(self.paths, self._settings))
        if self._content is None:
            raise RunNotFoundError(f"{self.paths.run_file} is not there any more", hint="runs.list()")
        return self._content

    @property
    def id(self) -> str:
        """The run's id."""
        return self.paths.run_id

    @property
    def path(self) -> str:
        """Its folder."""
        return self.paths.root

    @property
    def status(self) -> str:
        """`running`, `succeeded`, `failed`, `interrupted`, `died` (it says no more that it is alive) or `damaged`."""
        if self._told:
            return self._told.status
        status = str(self.content["status"])
        return "died" if self._died and status == "running" else status

    @property
    def team(self) -> str:
        """Whose run it is."""
        return self.paths.team if self._told else str(self.content["team"])

    @property
    def pipeline(self) -> str:
        """What ran."""
        return self.paths.pipeline if self._told else str(self.content["pipeline"])

    @property
    def dates(self) -> str:
        """The days it is about: one, or first..last."""
        known = self._told
        start = known.start_date if known else str(self.content["start_date"])
        end = known.end_date if known else str(self.content["end_date"])
        return start if start == end else f"{start}..{end}"

    @property
    def _told(self) -> Summary | None:
        """What the index says, as long as run.json was not read."""
        return self._summary if self._content is None else None

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        """Alias → state, seconds, rows, error, in the order they ran."""
        known: dict[str, dict[str, Any]] = self.content["features"]
        return {alias: known[alias] for alias in self.content["order"]}

    @property
    def checkpoints(self) -> list[str]:
        """The features that were kept."""
        return [alias for alias, feature in self.features.items() if feature.get("bytes") is not None]

    @property
    def error(self) -> dict[str, Any] | None:
        """What it failed with: feature, type, message, traceback."""
        return self.content.get("error")

    @property
    def failure(self) -> Failure | None:
        """Why it failed, with the inputs of what failed; None for a run that did not."""
        if self.status != "failed":
            return None
        return load_failure(self.paths, self.error or {}, self._kept_at, self._settings)

    def reload(self) -> Run:
        """Reads run.json again: a run that is going on moves."""
        self._take(load_run(self.paths, self._settings))
        return self

    def _take(self, other: Run | None) -> None:
        if other is not None:
            self._content, self._died = other._content, other._died

    def __getitem__(self, feature: str) -> Checkpoint:
        """Returns the checkpoint of a feature.

        Raises:
            CheckpointError: It has none; why is said.
        """
        if self.status == DAMAGED:
            raise CheckpointError(f"run {self.id} is damaged: {(self.error or {}).get('message')}")
        if feature not in self.content["features"]:
            raise CheckpointError(f"run {self.id} has no feature `{feature}`. {alternatives(feature, self.features)}")
        reused_from = self.content["features"][feature].get("reused_from")
        found = self._kept_at(join(reused_from or self.paths.root, feature))
        if found is None:
            raise self._gone(feature, reused_from) if reused_from else self._not_kept(feature)
        return found

    def _kept_at(self, folder: str) -> Checkpoint | None:
        """Returns the checkpoint of a folder; None where no manifest lies."""
        manifest = read_manifest(join(folder, MANIFEST_FILE), self._settings)
        if manifest is None:
            return None
        changed = changed_modules(manifest, self.content)
        return Checkpoint(folder, manifest, self._settings, changed=changed, notes=list(self._notes(manifest)))

    def _notes(self, manifest: Manifest) -> Iterator[str]:
        """Yields what has to be known of a checkpoint besides its rows."""
        if manifest.run_id != self.id:
            yield f"reused by run {self.id}"
        if manifest.after_failure:
            yield "computed once more, after what reads it had failed"
        if self.status in {"running", "died"}:
            yield "its run is still running" if self.status == "running" else "its run died"

    def _gone(self, feature: str, reused_from: str) -> CheckpointError:
        return CheckpointError(
            f"run {self.id} reused `{feature}` of run {name_of(reused_from)}, and nothing is left of it there",
            hint=f"run it again with --checkpoint {feature}",
        )

    def _not_kept(self, feature: str) -> CheckpointError:
        self.reload()
        known = self.features[feature]
        kept = f"kept: {listing(self.checkpoints)}"
        if not known.get("checkpoint"):
            return CheckpointError(
                f"`{feature}` was not kept by run {self.id}; {kept}", hint=f"run it again with --checkpoint {feature}"
            )
        if self.status == "running":
            at = listing(alias for alias, other in self.features.items() if other["state"] == "running")
            return CheckpointError(
                f"run {self.id} is still running (now at: {at}); `{feature}` is not written yet",
                hint=f"ask again later; {kept}",
            )
        reason = (known.get("error") or {}).get("message")
        told = f": {reason}" if reason else ""
        return CheckpointError(
            f"`{feature}` has no manifest: run {self.id} {self.status} and its state is {known['state']}{told}. "
            "Files that may lie there are no checkpoint",
            hint=kept,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.checkpoints)

    def _ipython_key_completions_(self) -> list[str]:
        return self.checkpoints

    def summary(self) -> list[str]:
        """Returns this run as a row: id, team, pipeline, dates, status, seconds, what it failed at."""
        known = self._told
        seconds = known.seconds if known else self.content.get("seconds")
        failed_at = known.failed_at if known else str((self.error or {}).get("feature") or "")
        return [self.id, self.team, self.pipeline, self.dates, self.status, _seconds(seconds), failed_at]

    def _headline(self) -> str:
        error = f": {self.error.get('message')}" if self.error else ""
        return f"run {self.id} of {self.team}/{self.pipeline} for {self.dates}: {self.status}{error}"

    def _rows(self) -> list[list[str]]:
        return [
            [
                alias,
                self._state_of(feature),
                "✓" if feature.get("bytes") is not None else "",
                "" if feature.get("rows") is None else f"{feature['rows']:,}",
                "" if feature.get("bytes") is None else format_bytes(feature["bytes"]),
                _seconds(feature.get("seconds")),
            ]
            for alias, feature in self.features.items()
        ]

    def _state_of(self, feature: dict[str, Any]) -> str:
        state = str(feature["state"])
        reused_from = feature.get("reused_from")
        if reused_from:
            return f"reused from {name_of(reused_from)}"
        return "died" if state == "running" and self.status == "died" else state

    def __repr__(self) -> str:
        return f"{self._headline()}\n{text_table(COLUMNS, self._rows())}"

    def _repr_html_(self) -> str:
        from spark_etl.drawing import as_html, run_diagram  # a notebook's first cell need not wait for it

        caption = self._headline().partition("\n")[0]  # the rest, such as rows that break a response: `failure`
        return as_html(run_diagram(self.content)) + html_table(COLUMNS, self._rows(), caption)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
