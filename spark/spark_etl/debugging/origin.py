"""The run that is replayed: what of it is there to compute one of its features again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from spark_etl import errors
from spark_etl.dates import DateRange
from spark_etl.errors import ArgumentError, CheckpointError, CodeNotKeptError, DamagedError, ReadError
from spark_etl.names import alternatives, listing
from spark_etl.reading import Checkpoint, Run, Runs
from spark_etl.reading.failure import Failure
from spark_etl.runner.options import CONFIG_NAME
from spark_etl.runner.resume.decide import is_whole
from spark_etl.storage import name_of
from spark_etl.store import ADOPTED, DAMAGED, ObjectRecord, RunInputs, SourceRecord

ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
PART_OF_AN_ID = re.compile(r"[0-9a-f]{1,6}")  # as `abc123` is, which may be a feature as well


@dataclass(frozen=True)
class Origin:
    """A run, and the feature of it that is computed again.

    Args:
        run: The run.
        feature: The feature; one that the run does not have may be computed from what it has.
    """

    run: Run
    feature: str

    @property
    def name(self) -> str:
        """How the two are written: RUN/FEATURE."""
        return f"{self.run.name}/{self.feature}"

    @property
    def has_failed(self) -> bool:
        """Whether it was this feature that the run failed at."""
        known = self.run.features.get(self.feature)
        return known is not None and known.state == "failed"

    @property
    def why_no_code(self) -> str | None:
        """Why the run's own code can't run; None where it can."""
        try:
            _ = self.run.code
        except CodeNotKeptError as error:
            return error.message
        return None

    def dates(self, start: date | None, end: date | None) -> DateRange:
        """Returns the days that a replay is about: the run's, unless others are given.

        Raises:
            ArgumentError: The run has none, and none are given; or it has others than these.
        """
        document = self.run.document
        for given, known in ((start, document.start_date), (end, document.end_date)):
            if given and known and str(given) != known:
                raise ArgumentError(
                    f"run {self.run.name} is about {document.dates}, not about {given}",
                    hint="a replay is about the run's own days; the dates are for a run that has none",
                )
        first = start or (date.fromisoformat(document.start_date) if document.start_date else None)
        last = end or (date.fromisoformat(document.end_date) if document.end_date else first)
        if first is None or last is None:
            raise ArgumentError(
                f"run {self.run.name} does not say which days it is about",
                hint="give --start-date and --end-date (in a notebook, start_date= and end_date=)",
            )
        return DateRange(first, last)

    def config_in(self, folder: Path) -> Path | None:
        """Returns the feature config in a folder of other code: where the run's lies in its project, or at its top."""
        document = self.run.document
        known, project = Path(document.config_path or CONFIG_NAME), (document.options or {}).get("project")
        inside = [known.relative_to(project)] if project and known.is_relative_to(project) else []
        names = dict.fromkeys([*inside, Path(known.name), Path(CONFIG_NAME)])
        return next((folder / name for name in names if (folder / name).is_file()), None)

    @property
    def output(self) -> str | None:
        """Where the run was writing the feature's rows to when it failed; None where it had not come so far."""
        outputs = self.run.document.outputs
        return next((each.path for each in outputs if (each.feature, each.state) == (self.feature, "failed")), None)

    @property
    def is_error_of_ours(self) -> bool:
        """Whether it was spark_etl that has raised what the run failed with, not Spark or the feature's code."""
        error = self.run.error
        return error is not None and error.feature == self.feature and hasattr(errors, error.type or "")

    @property
    def left_out(self) -> str:
        """What of the project is not kept with the run's code, and why; caches and hidden folders not counted."""
        code = self.run.document.code
        found = code.left_out if code else {}
        shown = [
            f"{name} ({reason})"
            for name, reason in found.items()
            if reason != "a cache" and not (name.startswith(".") and name.endswith("/"))
        ]
        return listing(shown) if shown else ""

    @cached_property
    def _failure(self) -> Failure | None:
        found = self.run.failure
        return found if found is not None and found.feature == self.feature else None

    @cached_property
    def _inputs(self) -> RunInputs | None:
        try:
            return self.run.stored.inputs()
        except DamagedError:
            return None

    def checkpoint(self, alias: str) -> Checkpoint | str:
        """Returns the checkpoint of a feature, also one reused or kept after the failure; or why there is none."""
        if alias not in self.run.features:
            return f"run {self.run.name} has no feature `{alias}`"
        if self.run.features[alias].state == "failed":
            return f"`{alias}` failed in run {self.run.name}"
        try:
            found = self.run[alias]
        except CheckpointError:
            return f"run {self.run.name} kept no checkpoint of `{alias}`"
        if not is_whole(found.manifest, found.path, self.run.stored.settings):
            return f"files of the checkpoint of `{alias}` in run {self.run.name} are gone, or other ones"
        return found

    def failure_input(self, name: str) -> Checkpoint | None:
        """Returns the rows of a source of the feature that were kept when it failed."""
        if self._failure is None or name not in self._failure.inputs:
            return None
        try:
            found = self._failure.inputs[name]
        except ReadError:
            return None
        is_source = name_of(found.path) == f"{self.feature}.{name}"
        return found if is_source and is_whole(found.manifest, found.path) else None

    def libraries(self) -> dict[str, str]:
        """Returns the versions of the libraries that the feature's code imported; empty where they are not recorded."""
        return library_versions({"parts": self.recorded_parts(self.feature)})

    def recorded_parts(self, alias: str) -> Mapping[str, Any]:
        """Returns what the rows of a feature depended on, part by part; empty where that is not recorded."""
        feature = self._inputs.features.get(alias) if self._inputs else None
        parts = feature.cache_key.get("parts") if feature else None
        return parts if isinstance(parts, Mapping) else {}

    def recorded(self, alias: str, name: str) -> SourceRecord | None:
        """Returns what a source of a feature is and has read; None where the run did not record it."""
        if self._inputs is not None:
            feature = self._inputs.features.get(alias)
            found = feature.sources.get(name) if feature else None
            return found if isinstance(found, SourceRecord) else None
        return self._recorded_by_manifest(alias, name)

    def _recorded_by_manifest(self, alias: str, name: str) -> SourceRecord | None:
        """Returns the same from the feature's checkpoint: runs of earlier versions have it there alone."""
        checkpoint = self.checkpoint(alias)
        known = None if isinstance(checkpoint, str) else checkpoint.manifest.inputs.get(name)
        if not isinstance(known, dict) or "objects" not in known:
            return None
        try:
            objects = tuple(ObjectRecord(item["path"], item["bytes"], item["etag"]) for item in known["objects"])
        except (KeyError, TypeError):
            return None
        return SourceRecord(str(known.get("source", "")), objects)


def library_versions(cache_key: Mapping[str, Any]) -> dict[str, str]:
    """Returns name → version, of what the cache key of a feature says that its rows depend on."""
    parts = cache_key.get("parts")
    versions = parts.get("versions") if isinstance(parts, Mapping) else None
    return {str(name): str(value) for name, value in versions.items()} if isinstance(versions, Mapping) else {}


def reads_of(run: Run, feature: str) -> list[str]:
    """Returns what a feature reads of the features above; of an adopted run, which does not say it, all the others."""
    if run.kind == ADOPTED:
        return [alias for alias in run.checkpoints if alias != feature]
    return list(run.document.graph.get(feature, ()))


def find_origin(runs: Runs, name: str, *, other_code: bool = False, needs_code: bool = True) -> Origin:
    """Returns the run and the feature that `RUN/FEATURE` names, or `RUN` alone: the feature that it failed at.

    Args:
        runs: Where to look.
        name: A run as readers name it, or `latest`, with a feature behind a slash.
        other_code: Whether other code than the run's is given, which may have a feature that the run has not.
        needs_code: Whether a run that has kept no code is refused, unless other code is given.

    Raises:
        ArgumentError: There is no such run or feature, the run is no whole one, or it has no code that could run.
    """
    try:
        run, feature = _run_and_feature(runs, name)
        return origin_in(run, feature, other_code=other_code, needs_code=needs_code)
    except ReadError as error:  # whose exit code, 1, is that of rows that differ
        raise ArgumentError(error.message, hint=error.hint) from error


def origin_in(run: Run, feature: str | None = None, *, other_code: bool = False, needs_code: bool = True) -> Origin:
    """Returns the same for a run that was found already; see `find_origin`.

    Raises:
        ArgumentError: It has no such feature, is no whole one, or has no code that could run.
    """
    known = run.features  # which reads its document; until then, its status is what a list says
    if run.status == DAMAGED:
        raise ArgumentError(f"run {run.name} is damaged: {run.error.message if run.error else ''}")
    if run.status == "running":
        raise ArgumentError(f"run {run.name} is still running", hint=f"./sandbox runs attach {run.name}")
    if feature is None:
        replay = run.document.replay
        feature = run.error.feature if run.error and run.error.feature else replay.feature if replay else None
    if feature is None:
        raise ArgumentError(
            f"which feature of run {run.name}? It has {listing(known)}",
            hint=f"name it: {run.name}/{next(iter(known), 'FEATURE')}",
        )
    if feature not in known and not other_code:
        raise ArgumentError(f"run {run.name} has no feature `{feature}`. {alternatives(feature, known)}")
    origin = Origin(run, feature)
    if needs_code and not other_code and origin.why_no_code:
        hint = "give the project that computes the feature: --code DIR (in a notebook, code=)"
        raise ArgumentError(origin.why_no_code, hint=hint)
    return origin


def _run_and_feature(runs: Runs, name: str) -> tuple[Run, str | None]:
    name = name.strip().rstrip("/")
    head, slash, last = name.rpartition("/")
    if slash and ALIAS.fullmatch(last):
        try:
            return _named(runs, head), last
        except ReadError:
            if not PART_OF_AN_ID.fullmatch(last):
                raise
    return _named(runs, name), None


def _named(runs: Runs, name: str) -> Run:
    return runs.latest() if name == "latest" else runs[name]
