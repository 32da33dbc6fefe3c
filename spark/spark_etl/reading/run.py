"""One run, as its run.json tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from spark_etl.errors import CheckpointError, ReadError
from spark_etl.layout import RunPaths
from spark_etl.manifest import parse_manifest
from spark_etl.names import alternatives, listing
from spark_etl.reading.changes import changed_modules
from spark_etl.reading.checkpoint import Checkpoint
from spark_etl.reading.tables import html_table, text_table
from spark_etl.record import FORMAT
from spark_etl.storage import S3Settings, storage_for
from spark_etl.units import amount

COLUMNS = ("feature", "state", "kept", "rows", "size", "seconds")


def load_run(paths: RunPaths, settings: S3Settings | None = None) -> Run | None:
    """Returns the run of a folder, or None when its run.json is missing or no JSON."""
    content = storage_for(paths.run_file, settings).read(paths.run_file)
    try:
        document = json.loads(content) if content else None
    except ValueError:
        return None
    return Run(paths, document, settings) if isinstance(document, dict) else None


class Run:
    """One run; `run["feature"]` is the checkpoint of a feature.

    Attributes:
        paths: Where it lies.
        content: All of run.json.
    """

    def __init__(self, paths: RunPaths, content: dict[str, Any], settings: S3Settings | None = None) -> None:
        if content.get("format", 0) > FORMAT:
            raise ReadError(
                f"{paths.run_file} is of a newer format than this spark_etl can read", hint="update spark_etl"
            )
        self.paths = paths
        self.content = content
        self._settings = settings

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
        """`running`, `succeeded`, `failed` or `interrupted`."""
        return str(self.content["status"])

    @property
    def team(self) -> str:
        """Whose run it is."""
        return str(self.content["team"])

    @property
    def pipeline(self) -> str:
        """What ran."""
        return str(self.content["pipeline"])

    @property
    def dates(self) -> str:
        """The days it is about: one, or first..last."""
        start, end = self.content["start_date"], self.content["end_date"]
        return str(start) if start == end else f"{start}..{end}"

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

    def reload(self) -> Run:
        """Reads run.json again: a run that is going on moves."""
        self.content = (load_run(self.paths, self._settings) or self).content
        return self

    def __getitem__(self, feature: str) -> Checkpoint:
        """Returns the checkpoint of a feature.

        Raises:
            CheckpointError: It has none; why is said.
        """
        if feature not in self.content["features"]:
            raise CheckpointError(f"run {self.id} has no feature `{feature}`. {alternatives(feature, self.features)}")
        paths = RunPaths(self.content["features"][feature].get("reused_from") or self.paths.root)
        path = paths.manifest(feature)
        content = storage_for(path, self._settings).read(path)
        if content is None:
            raise self._not_kept(feature)
        manifest = parse_manifest(content, path)
        changed = changed_modules(manifest, self.content)
        return Checkpoint(paths.checkpoint(feature), manifest, self._settings, changed=changed)

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
        seconds = self.content.get("seconds")
        failed_at = str((self.error or {}).get("feature") or "")
        return [self.id, self.team, self.pipeline, self.dates, self.status, _seconds(seconds), failed_at]

    def _headline(self) -> str:
        error = f": {self.error['message']}" if self.error else ""
        return f"run {self.id} of {self.team}/{self.pipeline} for {self.dates}: {self.status}{error}"

    def _rows(self) -> list[list[str]]:
        return [
            [
                alias,
                str(feature["state"]),
                "✓" if feature.get("bytes") is not None else "",
                "" if feature.get("rows") is None else f"{feature['rows']:,}",
                "" if feature.get("bytes") is None else amount(feature["bytes"]),
                _seconds(feature.get("seconds")),
            ]
            for alias, feature in self.features.items()
        ]

    def __repr__(self) -> str:
        return f"{self._headline()}\n{text_table(COLUMNS, self._rows())}"

    def _repr_html_(self) -> str:
        return html_table(COLUMNS, self._rows(), self._headline())


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
