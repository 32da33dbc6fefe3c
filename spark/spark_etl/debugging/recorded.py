"""What the sources of a replayed feature read: the objects that the run has read, or what was kept of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spark_etl.dates import DateRange
from spark_etl.debugging.foreign_code import is_isolated
from spark_etl.debugging.origin import Origin
from spark_etl.debugging.trust import is_imported
from spark_etl.errors import SparkEtlError
from spark_etl.graph import Graph
from spark_etl.reading import Checkpoint
from spark_etl.runner.inputs import ResolvedInputs, find_inputs, source_text
from spark_etl.source import InputObject, Source
from spark_etl.storage import is_s3, storage_for
from spark_etl.storage.paths import local_path
from spark_etl.store import ObjectRecord
from spark_etl.units import format_count

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MOST_NAMED, MOST_LOOKED_UP = 3, 1_000
ELSEWHERE = "of another stack"


class SourceChangedError(SparkEtlError):
    """Raised when what a run had read is gone, or is something else now.

    Args:
        message: Names the sources and their objects.
        features: Aliases of the features that read them.
        hint: The next command.
    """

    exit_code = 2

    def __init__(self, message: str, features: Iterable[str], *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.features = frozenset(features)


class Difference(NamedTuple):
    """An object that is not as it was read: `gone`, `other content`, `not read then`, or `of another stack`."""

    path: str
    what: str


class RecordedInputs(ResolvedInputs):
    """The inputs of a replay, by object and ETag as the run has recorded them.

    Rows of a source that were kept after a failure take the place of the source. A source of other code than the run's
    that the run does not know is read as it is.

    Args:
        origin: The run and the feature.
        project: The folder of the code.
        graph: The features that are computed, and stand-ins for those of which there is a checkpoint.
        computed: Aliases of the former.
        dates: The days of the run.
        other_code: Whether the code is another than the run's.
        allow_changed: Whether a source that has changed is read as it is now, with a note.

    Attributes:
        notes: What is to be said of the sources, a line each.

    Raises:
        SourceChangedError: A source is not as it was read.
    """

    def __init__(
        self,
        origin: Origin,
        project: Path,
        graph: Graph,
        computed: Iterable[str],
        dates: DateRange,
        *,
        other_code: bool,
        allow_changed: bool,
    ) -> None:
        self._origin = origin
        self._project = project
        self._other_code = other_code
        self._allow_changed = allow_changed
        self._kept: dict[tuple[str, str], Checkpoint] = {}
        self._changed: list[tuple[str, str, Sequence[Difference]]] = []
        self._lock = threading.Lock()
        self.notes: list[str] = []
        super().__init__(graph, computed, dates)
        if self._changed:
            raise _changed_error(origin, self._changed)
        self.notes.sort()

    def frame(self, alias: str, name: str, spark: SparkSession) -> DataFrame:
        """Returns the rows that a source gave."""
        if (alias, name) in self._kept:
            return self._kept[alias, name].spark(spark)
        return super().frame(alias, name, spark)

    def _find(self, alias: str, name: str, source: Source) -> list[InputObject]:
        recorded = self._origin.recorded(alias, name)
        if self._other_code and recorded and self._moved(recorded.source) != source_text(alias, name, source):
            return self._find_unknown(alias, name, source, is_recorded=True)
        if alias == self._origin.feature and (kept := self._origin.failure_input(name)):
            with self._lock:
                self._kept[alias, name] = kept
            self._note(f"source `{name}`: its rows as they were kept when the run failed")
            files = kept.manifest.files
            return [InputObject(kept.manifest.file_path(kept.path, each.name), each.bytes, each.etag) for each in files]
        if recorded is None:
            return self._find_unknown(alias, name, source, is_recorded=False)
        if self._lies_elsewhere(recorded.objects):
            with self._lock:
                self._changed.append((alias, name, [Difference(item.path, ELSEWHERE) for item in recorded.objects]))
            return []
        objects = [*map(self._as_here, recorded.objects)]
        if self._other_code and [each.path for each in objects] != [each.path for each in recorded.objects]:
            self._note(f"source `{name}` reads files beside the code, which are those of the other code")
        return self._find_recorded(alias, name, source, objects)

    def _lies_elsewhere(self, objects: Sequence[ObjectRecord]) -> bool:
        """Returns whether a source is of the stack that an imported run comes from, and can't be asked for here.

        In the container of `sandbox replay` what came with the run is where it was. A local folder has it, too, but a
        source reads the paths that its class names.
        """
        run = self._origin.run
        if not is_imported(run) or is_isolated() or self._allow_changed:
            return False
        return any(is_s3(item.path) for item in objects)

    def _moved(self, text: str) -> str:
        """Returns a text with paths of the run's project as those of this one."""
        was = self._origin.run.document.project_path
        if not was or was == str(self._project):
            return text
        # Not in the middle of another path: in a driver, it is `/project`.
        return re.sub(rf"(?:(?<=file://)|(?<![\w/:.-])){re.escape(was)}/", lambda _: f"{self._project}/", text)

    def _as_here(self, item: ObjectRecord) -> ObjectRecord:
        """Returns an object of the run's project as one of this project, whose files have other times."""
        path = self._moved(item.path)
        if path == item.path:
            return item
        here, there = Path(local_path(path)), Path(local_path(item.path))
        if not self._other_code and not here.exists() and there.exists():  # data that is not kept with the code
            here.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # two sources may read it
                here.symlink_to(there)
        return ObjectRecord(path, item.bytes, item.etag if here.is_symlink() else None)

    def _find_unknown(self, alias: str, name: str, source: Source, *, is_recorded: bool) -> list[InputObject]:
        """Returns what a source reads now of which the run knows nothing."""
        if self._other_code:
            other = "is different from the run's" if is_recorded else "is not a source of the run"
            self._note(f"source `{name}` {other}. It is read as it is now")
        elif self._allow_changed:
            self._note(f"source `{name}` is read as it is now: the run did not record what it had read")
        else:
            with self._lock:
                self._changed.append((alias, name, []))
            return []
        return super()._find(alias, name, source)

    def _find_recorded(
        self, alias: str, name: str, source: Source, objects: Sequence[ObjectRecord]
    ) -> list[InputObject]:
        source.pin([item.path for item in objects])
        try:
            found = super()._find(alias, name, source)
        except SparkEtlError:  # a file that has changed may fit the others no more
            differences = list(islice(_not_as_recorded(objects), MOST_NAMED + 1))
            if not differences:
                raise
            found = []
        else:
            differences = list(_differences(objects, found))
        if not differences:
            if any(item.etag is None for item in objects) and any(item.etag is None for item in found):
                self._note(f"source `{name}` has no version: it is read as it is now")
            return found
        if not self._allow_changed:
            with self._lock:
                self._changed.append((alias, name, differences))
            return found
        source.pin(None)
        self._note(f"source `{name}` is not as the run had read it: {_listed(differences)}")
        return find_inputs(alias, name, source, self._dates)

    def _note(self, text: str) -> None:
        with self._lock:
            self.notes.append(text)


def _differences(recorded: Sequence[ObjectRecord], found: Sequence[InputObject]) -> Iterator[Difference]:
    now = {item.path: item for item in found}
    for item in recorded:
        other = now.pop(item.path, None)
        if other is None:
            yield Difference(item.path, "gone")
        elif _has_changed(item, other):
            yield Difference(item.path, "other content")
    yield from (Difference(path, "not read then") for path in now)


def _has_changed(recorded: ObjectRecord, found: InputObject) -> bool:
    if recorded.etag is None or found.etag is None or recorded.etag == found.etag:
        return recorded.bytes is not None and recorded.bytes != found.bytes
    stored = storage_for(found.path).find(found.path)
    return stored is None or stored.size != recorded.bytes or not stored.has_content(recorded.etag)


def _not_as_recorded(objects: Sequence[ObjectRecord]) -> Iterator[Difference]:
    """Yields what has changed of the first objects, each looked up by itself: a source that lacks data names none."""
    for item in objects[:MOST_LOOKED_UP]:
        stored = storage_for(item.path).find(item.path)
        if stored is None:
            yield Difference(item.path, "gone")
        elif _has_changed(item, InputObject(stored.path, stored.size, stored.etag)):
            yield Difference(item.path, "other content")


def _listed(differences: Sequence[Difference]) -> str:
    shown = ", ".join(f"{item.path} ({item.what})" for item in differences[:MOST_NAMED])
    more = len(differences) - MOST_NAMED
    return shown if more <= 0 else f"{shown} and {format_count(more, 'more object')}"


def _changed_error(origin: Origin, changed: Sequence[tuple[str, str, Sequence[Difference]]]) -> SourceChangedError:
    lines = [
        f"source `{name}` of `{alias}`: "
        + (_listed(differences) if differences else "the run did not record what it had read")
        for alias, name, differences in sorted(changed, key=lambda item: item[:2])
    ]
    hint = "--allow-changed-sources reads it as it is now, and the verdict says so"
    if any(item.what == ELSEWHERE for _, _, differences in changed for item in differences):
        hint = f"what came with the run is read by `./sandbox replay {origin.name}`, on the machine of a stack"
    return SourceChangedError(
        f"inputs of run {origin.run.name} have changed or are gone\n  " + "\n  ".join(lines),
        [alias for alias, _, _ in changed],
        hint=hint,
    )
