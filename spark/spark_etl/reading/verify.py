"""`run.verify()` and `run["orders"].verify()`: whether what a run has kept is still what it wrote."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from spark_etl.errors import CheckpointError, DamagedError, StorageError
from spark_etl.parquet import need_pyarrow
from spark_etl.printable import printable
from spark_etl.reading.commands import remake_command
from spark_etl.reading.part_files import (
    FileProblem,
    footer_problem,
    has_page_checksums,
    listed_problems,
    page_problem,
)
from spark_etl.reading.tables import html_table, text_table
from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store import DAMAGED, DataFile, ImportedSource, Manifest, RunDocument, StoredRun
from spark_etl.units import format_bytes, format_count

THREADS = 4
COLUMNS = ("feature", "files", "size", "checked", "result")
UNREADABLE: frozenset[str] = frozenset({"missing", "size"})
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class CheckpointVerifyResult:
    """What was checked of one checkpoint, and what is wrong with it.

    Attributes:
        feature: Its alias.
        path: The folder of its files.
        files: How many it has.
        rows: How many it has.
        bytes: Their size.
        checked: What was looked at: `sizes`, `ETags`, `footers`, `rows`, and `page checksums` if the files have them.
        problems: What is wrong; empty if nothing is.
        remake: The command that makes it again; empty if nothing is wrong.
    """

    feature: str
    path: str
    files: int = 0
    rows: int = 0
    bytes: int = 0
    checked: tuple[str, ...] = ()
    problems: tuple[FileProblem, ...] = ()
    remake: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return {**asdict(self), "whole": self.whole}

    def __repr__(self) -> str:
        return repr(VerifyResult("", self.path, (self,)))

    def _repr_html_(self) -> str:
        return VerifyResult("", self.path, (self,))._repr_html_()

    def _row(self) -> list[str]:
        result = "whole" if self.whole else format_count(len(self.problems), "problem")
        return [self.feature, f"{self.files:,}", format_bytes(self.bytes), ", ".join(self.checked), result]

    def _lines(self) -> Iterator[str]:
        """Yields each problem, and what makes the checkpoint again."""
        for problem in self.problems:
            yield printable(f"{join(self.path, problem.file) if problem.file else self.path}: {problem.reason}")
        if self.remake:
            yield f"make `{self.feature}` again: {self.remake}"


@dataclass(frozen=True)
class VerifyResult:
    """What was checked of a run, and what is wrong with it.

    Attributes:
        run_id: The run's id.
        path: Its folder.
        checkpoints: Of each feature that was kept.
        problems: What is wrong with the run's own documents.
    """

    run_id: str
    path: str
    checkpoints: tuple[CheckpointVerifyResult, ...] = ()
    problems: tuple[str, ...] = field(default=())

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and all(each.whole for each in self.checkpoints)

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain values."""
        checkpoints = [each.to_dict() for each in self.checkpoints]
        return {**asdict(self), "checkpoints": checkpoints, "whole": self.whole}

    def __getitem__(self, feature: str) -> CheckpointVerifyResult:
        return {each.feature: each for each in self.checkpoints}[feature]

    def __repr__(self) -> str:
        return "\n".join([self._headline(), text_table(COLUMNS, self._rows()), *self._lines()])

    def _repr_html_(self) -> str:
        from html import escape

        lines = "".join(f"<li>{escape(line)}</li>" for line in self._lines())
        return html_table(COLUMNS, self._rows(), self._headline()) + (f"<ul>{lines}</ul>" if lines else "")

    def _headline(self) -> str:
        damaged = [each.feature for each in self.checkpoints if not each.whole]
        what = f"run {self.run_id}" if self.run_id else "checkpoint"
        if self.whole:
            return f"{what}: whole, {format_count(len(self.checkpoints), 'checkpoint')}"
        wrong = ", ".join(f"`{name}`" for name in damaged) or "its documents"
        return printable(f"{what}: changed since it was written: {wrong}", one_line=True)

    def _rows(self) -> list[list[str]]:
        return [each._row() for each in self.checkpoints]

    def _lines(self) -> Iterator[str]:
        yield from map(printable, self.problems)
        for each in self.checkpoints:
            yield from each._lines()


def verify_checkpoint(
    folder: str,
    manifest: Manifest,
    settings: S3Settings | None = None,
    *,
    remake: Callable[[bool], str] = lambda _: "",
    on_progress: OnProgress | None = None,
) -> CheckpointVerifyResult:
    """Returns what is wrong with a checkpoint. All of its rows are read: some hundred MB a second.

    Args:
        folder: The checkpoint's.
        manifest: What was written.
        settings: How to reach S3; from the environment if not given.
        remake: Returns the command that makes it again, given whether `--resume` sees what is wrong.
        on_progress: Is called with the feature, and how many bytes of how many were read.
    """
    need_pyarrow()
    listed = list(listed_problems(folder, manifest, settings))
    unreadable = {problem.file for problem in listed if problem.kind in UNREADABLE}
    left = [(manifest.file_path(folder, file.name), file) for file in manifest.files if file.name not in unreadable]
    progress = _Progress(manifest, on_progress)

    def one(path: str, file: DataFile) -> FileProblem | None:
        return footer_problem(path, file, manifest, settings) or page_problem(
            path, file, settings, lambda rows: progress.add(file, rows)
        )

    with ThreadPoolExecutor(THREADS) as pool:
        found = [problem for problem in pool.map(lambda given: one(*given), left) if problem]
        marked = list(
            pool.map(lambda path: has_page_checksums(path, settings), [path for path, file in left if file.rows])
        )
    problems = (*listed, *found)
    damage = [problem for problem in problems if problem.kind != "added"]
    return CheckpointVerifyResult(
        manifest.feature,
        manifest.files_folder(folder),
        len(manifest.files),
        manifest.rows,
        manifest.bytes,
        tuple(_checked(manifest, with_checksums=bool(marked) and all(marked))),
        problems,
        remake(any(problem.is_seen_by_resume for problem in damage)) if damage else "",
    )


def _checked(manifest: Manifest, *, with_checksums: bool) -> Iterator[str]:
    yield "sizes"
    if any(file.etag for file in manifest.files):
        yield "ETags"
    yield from ("footers", "rows")
    if with_checksums:
        yield "page checksums"


def verify_run(
    stored: StoredRun, document: RunDocument, verify_feature: Callable[[str], CheckpointVerifyResult]
) -> VerifyResult:
    """Returns whether all that a run has kept is as it was written.

    Args:
        stored: Where it lies.
        document: What it is.
        verify_feature: Verifies the checkpoint of a feature.
    """
    if document.status == DAMAGED:
        return VerifyResult(
            stored.run_id, stored.root, problems=(document.error.message or "" if document.error else "",)
        )

    def one(feature: str) -> CheckpointVerifyResult:
        try:
            return verify_feature(feature)
        except CheckpointError as error:
            problem = FileProblem("", "missing", error.message)
            remake = remake_command(document, feature, True)
            return CheckpointVerifyResult(feature, stored.checkpoint_path(feature), problems=(problem,), remake=remake)

    checkpoints = tuple(map(one, document.with_checkpoint()))
    return VerifyResult(stored.run_id, stored.root, checkpoints, tuple(_document_problems(stored)))


def _document_problems(stored: StoredRun) -> Iterator[str]:
    try:
        stored.inputs()
        sources = stored.imported_sources()
    except DamagedError as error:
        yield error.message
    else:
        yield from (problem for source in sources if (problem := _source_problem(stored, source)))


def _source_problem(stored: StoredRun, source: ImportedSource) -> str | None:
    """Returns what is wrong with an object that came with an imported run; all of it is read."""
    path = join(stored.root, source.path)
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in storage_for(path, stored.settings).read_chunks(path):
            digest.update(chunk)
            size += len(chunk)
    except StorageError as error:
        return error.message
    if (size, digest.hexdigest()) == (source.bytes, source.sha256):
        return None
    return f"{path}: it is not what came with the run: its size or its SHA-256 is different"


class _Progress:
    """Counts the bytes that were read, from several threads."""

    def __init__(self, manifest: Manifest, on_progress: OnProgress | None) -> None:
        self._feature = manifest.feature
        self._total = manifest.bytes
        self._done = 0.0
        self._on_progress = on_progress
        self._lock = threading.Lock()

    def add(self, file: DataFile, rows: int) -> None:
        with self._lock:
            self._done += file.bytes * rows / max(file.rows, 1)
            if self._on_progress:
                self._on_progress(self._feature, min(round(self._done), self._total), self._total)
