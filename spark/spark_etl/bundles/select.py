"""Which parts of a run go into a bundle, and what of them is not there any more.

Rules, each a function:

1. Without features, all rows that were kept go along, and what a replay of the failed feature reads.
2. With features, their own rows do, and what a replay of each of them reads.
3. A replay reads the rows of the features above, or computes them where they were not kept; then it reads their
   sources, too. Of a feature that failed, it reads what was kept of its inputs.
4. A file that the kept code has is no source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from spark_etl.bundles.frames import THREADS, find_frame
from spark_etl.code.archive import read_archive
from spark_etl.errors import ArgumentError, ReadError, StorageError
from spark_etl.names import alternatives
from spark_etl.reading import Run
from spark_etl.storage import is_s3, join, name_of, relative_to, storage_for
from spark_etl.storage.paths import scheme_of
from spark_etl.store import (
    ADOPTED,
    DAMAGED,
    BundleNames,
    Frame,
    ImportedSource,
    ObjectRecord,
    SourceFile,
    SourceRecord,
    source_path,
)


@dataclass
class Selection:
    """What of a run goes along.

    Attributes:
        frames: Its rows.
        reports: Feature → why it failed.
        sources: What sources had read.
        code: The archive of its code; None where there is none.
        missing: What should go along and can't, and why.
        notes: What else is to be said.
    """

    frames: list[Frame] = field(default_factory=list)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: list[SourceFile] = field(default_factory=list)
    code: bytes | None = None
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_features(run: Run, features: Sequence[str]) -> None:
    """Refuses a run that can't be exported, and features that it does not have.

    Raises:
        ArgumentError: It is damaged, still running, or has no such feature.
    """
    known = run.features
    if run.status == DAMAGED:
        raise ArgumentError(
            f"run {run.name} is damaged: {run.error.message if run.error else ''}", hint="./sandbox runs list"
        )
    if run.status == "running":
        raise ArgumentError(f"run {run.name} is still running", hint=f"./sandbox runs attach {run.name}")
    for feature in features:
        if feature not in known:
            raise ArgumentError(
                f"run {run.name} has no feature `{feature}`. {alternatives(feature, known)}",
                hint=f"./sandbox runs show {run.name}",
            )


def select(run: Run, features: Sequence[str] = ()) -> Selection:
    """Returns what of a run goes along; every file is looked up, none is read but for the ends of Parquet.

    Args:
        run: The run.
        features: The features that are wanted; none for all that was kept.

    Raises:
        ArgumentError: See `check_features`.
    """
    check_features(run, features)
    return _Selector(run, features).result()


class _Selector:
    def __init__(self, run: Run, features: Sequence[str]) -> None:
        self._run = run
        self._document = run.document
        self._settings = run.stored.settings
        failed = self._document.error.feature if self._document.error else None
        self._failed = failed if failed in run.features else None
        self._wanted = list(features) or run.checkpoints
        self._replayed = list(features) or [alias for alias in [self._failed] if alias]
        self._folders: dict[str, str] = {}
        self._found = Selection()

    def result(self) -> Selection:
        for alias in self._wanted:
            if self._run.features[alias].has_checkpoint:
                self._add_feature(alias)
            elif alias != self._failed:
                self._found.missing.append(f"`{alias}`: the run has kept no rows of it")
        computed: dict[str, None] = {}
        for alias in self._replayed:
            self._walk(alias, computed)
            self._add_failure(alias)
        self._found.code = self._code()
        self._found.frames = list(self._frames())
        self._found.sources = list(self._sources(list(computed)))
        kept = {frame.folder for frame in self._found.frames}
        for report in self._found.reports.values():
            inputs = {name: name_of(folder) for name, folder in report["inputs"].items()}
            report["inputs"] = {name: folder for name, folder in inputs.items() if folder in kept}
        return self._found

    def _add_feature(self, alias: str) -> None:
        self._folders[alias] = join(self._run.features[alias].reused_from or self._run.path, alias)

    def _walk(self, alias: str, computed: dict[str, None]) -> None:
        """Adds what is computed for a replay of a feature, and the rows that this reads; a graph may be deep."""
        waiting = [alias]
        while waiting:
            current = waiting.pop()
            if current in computed:
                continue
            computed[current] = None
            above = [name for name in self._reads(current) if name in self._run.features]
            kept = [name for name in above if self._is_kept(name)]
            for name in kept:
                self._add_feature(name)
            waiting += [name for name in reversed(above) if name not in kept]

    def _is_kept(self, alias: str) -> bool:
        known = self._run.features[alias]
        return known.has_checkpoint and known.state != "failed"

    @property
    def _was_adopted(self) -> bool:
        return ADOPTED in {self._document.kind, (self._document.imported or {}).get("kind")}

    def _reads(self, alias: str) -> list[str]:
        if self._was_adopted:
            return [other for other in self._run.checkpoints if other != alias]
        return self._document.graph.get(alias, [])

    def _add_failure(self, alias: str) -> None:
        """Adds the report of a feature that failed, and what it had read."""
        report = self._run.stored.failure_report(alias) if alias == self._failed else {}
        if report:
            inputs = report.get("inputs")
            known = inputs if isinstance(inputs, dict) else {}
            report["inputs"] = {str(name): str(folder) for name, folder in known.items()}
            self._found.reports[alias] = report
            for folder in report["inputs"].values():
                self._folders.setdefault(name_of(folder), self._run.stored.absolute(folder))

    def _frames(self) -> Iterator[Frame]:
        for name, folder in self._folders.items():
            if is_s3(self._run.path) and not is_s3(folder):
                found: Frame | str = f"its rows are not in the store, but at {folder}"
            else:
                found = find_frame(name, folder, self._settings)
            if isinstance(found, Frame):
                yield found
            else:
                self._found.missing.append(f"`{name}`: {found}")

    # Code.

    def _code(self) -> bytes | None:
        record = self._document.code
        if record is None or record.sha256 is None:
            self._found.notes.append("the run has kept no code: a replay needs --code DIR")
            return None
        try:
            return self._run.stored.code_archive(record.sha256)
        except ReadError as error:
            self._found.missing.append(f"code: {error.message}")
            return None

    @cached_property
    def _code_files(self) -> set[str]:
        try:
            return set(read_archive(self._found.code, "the code of the run")) if self._found.code else set()
        except ReadError:
            return set()

    # Sources.

    def _sources(self, computed: Sequence[str]) -> Iterator[SourceFile]:
        """Yields what the sources of some features had read, each object once."""
        wanted = list(self._recorded(computed))
        names = BundleNames()
        with ThreadPoolExecutor(THREADS) as pool:
            looked_up = pool.map(lambda each: self._look_up(each[1]), wanted)
            for (what, item, is_spare), answer in zip(wanted, looked_up, strict=True):
                found = answer
                if isinstance(found, SourceFile) and (reason := names.add(source_path(item.path))):
                    found = reason
                if isinstance(found, SourceFile):
                    yield found
                elif found:
                    where = self._found.notes if is_spare else self._found.missing
                    where.append(f"{what}: {item.path}: {found}")

    def _recorded(self, computed: Sequence[str]) -> Iterator[tuple[str, ObjectRecord, bool]]:
        """Yields each object: what names it, the object, and whether the rows of it that were kept stand in for it."""
        inputs = None if self._was_adopted else self._run.stored.inputs()
        if inputs is None:
            if computed and not self._was_adopted:
                self._found.missing.append("sources: the run did not record what they had read")
            return
        seen = set()
        for alias in computed:
            known = inputs.features.get(alias)
            for name, source in (known.sources if known else {}).items():
                if isinstance(source, SourceRecord):
                    what, is_spare = f"source `{name}` of `{alias}`", f"{alias}.{name}" in self._folders
                    if not source.objects and not is_spare:
                        self._found.missing.append(f"{what}: it can't tell what it had read")
                    for item in source.objects:
                        if item.path not in seen:
                            seen.add(item.path)
                            yield what, item, is_spare

    @cached_property
    def _imported(self) -> dict[str, ImportedSource]:
        return {each.original_path: each for each in self._run.stored.imported_sources()}

    def _look_up(self, item: ObjectRecord) -> SourceFile | str:
        """Returns an object as it is there; else why it can't go along, empty for one that need not."""
        if item.path in self._imported:
            known = self._imported[item.path]
            return SourceFile(item.path, join(self._run.path, known.path), known.bytes, known.etag)
        if self._is_code(item.path):
            return ""
        if self._document.imported:  # which may say that it had read anything
            return "it did not come along when the run was imported"
        if not is_s3(item.path) and (is_s3(self._run.path) or scheme_of(item.path) != "file"):
            return "it is no object of the store, but of the machine that ran it"
        return self._look_up_stored(item)

    def _look_up_stored(self, item: ObjectRecord) -> SourceFile | str:
        try:
            found = storage_for(item.path, self._settings).find(item.path)
        except StorageError as error:
            if not hasattr(error.__cause__, "code"):  # the store does not answer
                raise
            return f"it can't be read: {error.message}"
        if found is None:
            return "it is gone"
        if item.bytes not in {None, found.size} or (item.etag and not found.has_content(item.etag)):
            return "it has other content now than the run had read"
        return SourceFile(item.path, found.path, found.size, item.etag)

    def _is_code(self, path: str) -> bool:
        project = self._document.project_path
        if not project or is_s3(path):
            return False
        top = f"file://{project.removeprefix('file://').rstrip('/')}"
        return path.startswith(f"{top}/") and relative_to(path, top) in self._code_files
