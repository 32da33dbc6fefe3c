"""One side of a comparison: what a run says of its features, and the rows that it has kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from spark_etl.compare.runs.outputs import published_rows
from spark_etl.errors import ReadError
from spark_etl.reading import Checkpoint, Run
from spark_etl.reading.no_checkpoint import no_checkpoint_error
from spark_etl.reading.opened import open_checkpoint
from spark_etl.reading.run import load_run
from spark_etl.storage import is_s3, join
from spark_etl.store import ADOPTED, IMPORTED, ErrorRecord, FeatureRecord, RunInputs, SourceRecord, StoredRun

THREADS = 16
COMPUTED = {"built", "succeeded", "reused", "staged"}
UNFINISHED = {"pending", "running"}


class Side:
    """A run as one side.

    Args:
        letter: `A` or `B`.
        run: The run.

    Attributes:
        graph: Feature → what it reads, of all features of the config; None where that is not known.
        features: Those that have run.
    """

    def __init__(self, letter: str, run: Run) -> None:
        self.letter = letter
        self.run = run
        self.document = run.document
        self.name = run.name
        self._found: dict[str, Checkpoint | None] = {}
        self._problems: dict[str, str] = {}
        self._why_no_inputs = ""

    @property
    def about(self) -> str:
        """Team, pipeline, dates and status."""
        dates = f" for {self.document.dates}" if self.document.dates else ""
        kind = f", {self.document.kind}" if self.document.kind != "run" else ""
        return f"{self.document.team}/{self.document.pipeline}{dates}: {self.run.status}{kind}"

    @property
    def _absent(self) -> str:
        return "not adopted" if self.document.kind == ADOPTED else "not run"

    @property
    def graph(self) -> Mapping[str, list[str]] | None:
        """Feature → what it reads; None of an adopted run."""
        return None if self.document.kind == ADOPTED else self.document.graph

    @cached_property
    def features(self) -> Mapping[str, FeatureRecord]:
        """The features that have run, in order; of a replay also those that it has read from its run."""
        own = self.document.in_order()
        return {**self._origin.features, **own} if self._origin else own

    @cached_property
    def _origin(self) -> Side | None:
        """The run whose rows a replay has read."""
        replay = self.document.replay
        run = load_run(StoredRun(replay.path, self.run.stored.settings)) if replay and replay.path else None
        return Side(self.letter, run) if run else None

    # Rows.

    def open(self, aliases: Iterable[str]) -> None:
        """Opens the checkpoints of features, side by side: each is a small object."""
        wanted = [alias for alias in aliases if alias not in self._found]
        if is_s3(self.run.path):
            with ThreadPoolExecutor(THREADS) as pool:
                self._found.update(zip(wanted, pool.map(self._open, wanted), strict=True))
        else:
            self._found.update((alias, self._open(alias)) for alias in wanted)

    def _open(self, alias: str) -> Checkpoint | None:
        if self._is_of_origin(alias):
            return self._origin.checkpoint(alias) if self._origin else None
        feature = self.features.get(alias)
        if feature is None or not feature.has_checkpoint:
            return published_rows(self.run, alias) if feature else None
        folder = join(feature.reused_from or self.run.path, alias)
        try:
            return open_checkpoint(self.run.stored, self.document, self.run.status, folder, look_for_changes=False)
        except ReadError as error:
            self._problems[alias] = error.message
            return None

    def checkpoint(self, alias: str) -> Checkpoint | None:
        """Returns the rows of a feature; None where there are none."""
        if alias not in self._found:
            self._found[alias] = self._open(alias)
        return self._found[alias]

    def is_damaged(self, alias: str) -> bool:
        """Returns whether a checkpoint is there that can't be read."""
        return self._origin.is_damaged(alias) if self._is_of_origin(alias) and self._origin else alias in self._problems

    def note_on_rows(self, alias: str) -> str:
        """Returns where the rows were read that were published and not kept; empty for any other."""
        kept = self._found.get(alias)
        is_published = kept is not None and kept.manifest.is_adopted and self.document.kind not in {ADOPTED, IMPORTED}
        return f"rows of {self.letter} were read where they are published, {kept.path}" if kept and is_published else ""

    def add_computed(self, found: Mapping[str, Checkpoint]) -> None:
        """Takes rows that were computed again for those that are missing."""
        self._found.update(found)

    def why_no_rows(self, alias: str) -> str:
        """Returns why there are none, with the side's letter."""
        if self._is_of_origin(alias) and self._origin:
            return self._origin.why_no_rows(alias)
        feature = self.features.get(alias)
        if feature is None:
            return f"{self._absent} in {self.letter}"
        if alias in self._problems:
            return f"can't be read in {self.letter}: {self._problems[alias]}"
        return self._by_state(alias, feature) or self._not_kept(alias, feature)

    def _by_state(self, alias: str, feature: FeatureRecord) -> str:
        """Returns why a feature that was not computed has no rows; empty for one that was."""
        if feature.error is not None or feature.state == "failed":
            return f"failed in {self.letter}: {self.failure_message(alias)}"
        if feature.state == "skipped":
            because = f"`{self._failed_at}` failed" if self._failed_at else feature.reason
            return f"skipped in {self.letter}{f' because {because}' if because else ''}"
        if feature.state == "interrupted":
            return f"interrupted in {self.letter}"
        if feature.state in UNFINISHED and self.document.status == "running":
            return f"not computed yet in {self.letter}, which {'died' if self.run.status == 'died' else 'still runs'}"
        return ""

    def _not_kept(self, alias: str, feature: FeatureRecord) -> str:
        if not feature.has_checkpoint:
            return f"not kept in {self.letter}"
        why = no_checkpoint_error(self.document, self.run.status, alias).message
        return f"not kept in {self.letter} any more: {why}"

    @property
    def _failed_at(self) -> str | None:
        return self.document.error.feature if self.document.error else None

    def failure(self, alias: str) -> ErrorRecord | None:
        """Returns what the feature has failed with; None if it has not."""
        if self._is_of_origin(alias):
            return self._origin.failure(alias) if self._origin else None
        feature = self.features.get(alias)
        if feature is None or feature.state != "failed":
            return None
        whole = self.document.error
        return feature.error or (whole if whole and whole.feature == alias else None) or ErrorRecord()

    def failure_message(self, alias: str) -> str:
        """Returns the first line of what it has failed with."""
        error = self.failure(alias) or self.features[alias].error
        return ((error and error.message) or "it does not say how").splitlines()[0]

    def was_computed(self, alias: str) -> bool:
        """Returns whether the feature was computed, or reused."""
        return alias in self.features and self.features[alias].state in COMPUTED

    def _is_of_origin(self, alias: str) -> bool:
        return self._origin is not None and alias not in self.document.order

    # What the rows depend on.

    @cached_property
    def inputs(self) -> RunInputs | None:
        """What the features have read and depend on; None where that was not recorded."""
        try:
            return self.run.stored.inputs()
        except ReadError as error:
            self._why_no_inputs = error.message
            return None

    def parts(self, alias: str) -> Mapping[str, Any]:
        """Returns the parts of what a feature's rows depend on; empty where that was not recorded.

        Of one that was reused, they are those by which it was computed.
        """
        if self._is_of_origin(alias):
            return self._origin.parts(alias) if self._origin else {}
        is_reused = alias in self.features and bool(self.features[alias].reused_from)
        for from_manifest in (is_reused, not is_reused):
            parts = self._parts_of_manifest(alias) if from_manifest else self._parts_of_inputs(alias)
            if isinstance(parts, Mapping) and parts:
                return parts
        return {}

    def _parts_of_manifest(self, alias: str) -> Any:
        kept = self.checkpoint(alias)
        return kept.manifest.cache_key.get("parts") if kept is not None else None

    def _parts_of_inputs(self, alias: str) -> Any:
        known = self.inputs.features.get(alias) if self.inputs else None
        return known.cache_key.get("parts") if known else None

    def sources(self, alias: str) -> Mapping[str, SourceRecord]:
        """Returns the sources that a feature has read, with their objects."""
        if self._is_of_origin(alias):
            return self._origin.sources(alias) if self._origin else {}
        known = self.inputs.features.get(alias) if self.inputs else None
        return {name: read for name, read in (known.sources if known else {}).items() if not isinstance(read, str)}

    @cached_property
    def code(self) -> Mapping[str, bytes]:
        """The files of the code that the run has kept; none where it has kept none."""
        try:
            return {path: self.run.code.bytes(path) for path in self.run.code}
        except ReadError:
            return {}

    @property
    def why_no_code(self) -> str:
        """Why it has kept none; empty if it has."""
        try:
            self.run.code.sizes  # noqa: B018 - which reads the archive
        except ReadError as error:
            return error.message
        return ""

    def unknown(self) -> Iterator[str]:
        """Yields what is not known of the run that would say why rows differ."""
        if self.document.kind == ADOPTED:
            yield f"{self.letter} was adopted: what its rows were made by and of is not known"
            return
        if self.inputs is None:
            if self._why_no_inputs:
                yield f"what the features of {self.letter} have read is not known: {self._why_no_inputs}"
            else:
                yield f"{self.letter} has not recorded what its features have read: it is of an earlier version"
        if self.why_no_code:
            yield f"{self.letter}: {self.why_no_code}"
