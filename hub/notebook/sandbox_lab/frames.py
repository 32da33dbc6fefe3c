"""What a path shows: a checkpoint, a Parquet file, or all Parquet files below a folder."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from spark_etl.errors import CheckpointError, RunNotFoundError
from spark_etl.folder_columns import FolderColumns
from spark_etl.parquet import open_parquet
from spark_etl.reading import Checkpoint
from spark_etl.reading.run import Run, load_run
from spark_etl.storage import StoredObject, is_hidden, is_s3, relative_to, storage_for
from spark_etl.storage.paths import folder_column
from spark_etl.store import Manifest, StoredRun, is_manifest, manifest_at, run_name

from sandbox_lab.errors import RefusedError
from sandbox_lab.rows import FrameFile

SUFFIXES = (".parquet", ".parq")
LARGEST_MANIFEST = 32 << 20
MOST_FILES = 1000
MOST_FOOTERS = 64
THREADS = 8


@dataclass(frozen=True)
class Frame:
    """What is shown, but for its rows.

    Attributes:
        path: Where it lies.
        columns: Column → type.
        parts: Its files.
        bytes: Their size.
        rows: How many there are; None if too many footers would have to be read.
        checkpoint: What the manifest and the run say; None if it is no checkpoint.
        snippet: How a notebook reads it.
        source: The checkpoint itself; None if it is none.
    """

    path: str
    columns: dict[str, str]
    parts: Sequence[FrameFile]
    bytes: int
    rows: int | None
    checkpoint: dict[str, Any] | None
    snippet: str
    source: Checkpoint | None = None

    @property
    def kind(self) -> str:
        """`checkpoint`, `file` or `folder`."""
        if self.checkpoint:
            return "checkpoint"
        return "file" if [part.path for part in self.parts] == [self.path] else "folder"


def find_frame(path: str) -> Frame:
    """Returns what a path shows: any file of a checkpoint is the checkpoint.

    Raises:
        RefusedError: There is no such file, or no Parquet in the folder.
    """
    store = storage_for(path)
    stored = store.find(path)
    folder = path.rpartition("/")[0] if stored else path
    manifest = manifest_at(folder, largest=LARGEST_MANIFEST)
    if manifest is not None:
        return _checkpoint(folder, manifest)
    _refuse_unfinished(folder)
    if stored is not None:
        return _files(path, [stored])
    found = list(itertools.islice(_parquet_below(path), MOST_FILES + 1))
    if not found:
        raise RefusedError(404, f"no Parquet file at or below {path}", "it may have been deleted: refresh the browser")
    if len(found) > MOST_FILES:
        raise RefusedError(413, f"more than {MOST_FILES} Parquet files lie below {path}", "open a folder further down")
    return _files(path, found)


def _parquet_below(folder: str) -> Iterator[StoredObject]:
    """Yields the Parquet files that readers see: not those in folders whose names begin with `_` or `.`.

    Raises:
        RefusedError: Checkpoints lie below: frames of their own.
    """
    for stored in storage_for(folder).walk(folder):
        if is_manifest(stored.path):
            raise RefusedError(422, f"several frames lie below {folder}", f"open one of them, such as {stored.path}")
        names = relative_to(stored.path, folder).split("/")
        if stored.path.endswith(SUFFIXES) and not any(map(is_hidden, names)):
            yield stored


def _refuse_unfinished(folder: str) -> None:
    """Refuses what a run left of a feature without a manifest: no reader may take it for the whole frame.

    Raises:
        CheckpointError: It is that; why there is no manifest is said.
    """
    stored, feature = StoredRun.of_checkpoint(folder)
    run = load_run(stored) if stored else None
    if run is not None and feature in run.features:
        _ = run[feature]


def _checkpoint(folder: str, found: Manifest) -> Frame:
    checkpoint, run = _of_run(folder, found)
    manifest = checkpoint.manifest
    about = {
        "feature": manifest.feature,
        "run": manifest.run_id,
        "written": manifest.written,
        "of": f"{run.team}/{run.pipeline}" if run else None,
        "status": run.status if run else None,
        "dates": run.dates if run else None,
        "changed": checkpoint.changed,
        "notes": checkpoint.notes,
    }
    folders = FolderColumns(manifest.partitions)
    parts = [
        FrameFile(manifest.file_path(folder, file.name), file.rows, folders.texts(file.name)) for file in manifest.files
    ]
    parts.sort(key=lambda part: part.path)
    return Frame(
        folder,
        checkpoint.schema,
        parts,
        checkpoint.bytes,
        checkpoint.rows,
        about,
        checkpoint_snippet(folder, manifest.run_id, manifest.feature),
        checkpoint,
    )


def _of_run(folder: str, manifest: Manifest) -> tuple[Checkpoint, Run | None]:
    """Returns the checkpoint as its run gives it; one whose run.json is gone as its manifest alone tells it."""
    stored, feature = StoredRun.of_checkpoint(folder)
    run = load_run(stored) if stored else None
    if run is not None:
        try:
            found = run[feature]
        except (CheckpointError, RunNotFoundError):
            found = None
        if found is not None and found.path == folder:
            return found, run
    return Checkpoint(folder, manifest), run


def checkpoint_snippet(folder: str, run_id: str, feature: str) -> str:
    """Returns what reads a checkpoint in a notebook."""
    stored, _ = StoredRun.of_checkpoint(folder)
    name = run_name(stored.root) if stored else run_id
    return f"from spark_etl import runs\nruns[{_quoted(name)}][{_quoted(feature)}].head()"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parquet_snippet(path: str) -> str:
    """Returns what reads plain Parquet in a notebook: Spark in S3, pandas in the home."""
    if is_s3(path):
        return f"from spark_etl import spark\nspark().read.parquet({_quoted(path)}).limit(10).toPandas()"
    return f"import pandas as pd\npd.read_parquet({_quoted(path.removeprefix('file://'))}).head(10)"


def _files(path: str, found: Sequence[StoredObject]) -> Frame:
    """Returns a frame of plain Parquet: columns of its first file, and those that its folders' names tell."""
    with open_parquet(found[0].path) as opened:
        columns = {field.name: str(field.type) for field in opened.schema_arrow}
    parts = [FrameFile(file.path, None, _partition(file.path.removeprefix(path))) for file in found]
    if len(parts) <= MOST_FOOTERS:
        parts = _counted(parts)
    columns |= dict.fromkeys(parts[0].constants, "string")
    rows = None if len(parts) > MOST_FOOTERS else sum(part.rows or 0 for part in parts)
    return Frame(path, columns, parts, sum(file.size for file in found), rows, None, parquet_snippet(path))


def _partition(below: str) -> dict[str, str | None]:
    """Returns what `_dt=2024-02-29/part-0.parquet` says of every row in it, as sources read it."""
    return dict(column for folder in below.split("/")[:-1] if (column := folder_column(folder)))


def _counted(parts: Sequence[FrameFile]) -> list[FrameFile]:
    def one(part: FrameFile) -> FrameFile:
        with open_parquet(part.path) as opened:
            return FrameFile(part.path, opened.metadata.num_rows, part.constants)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, parts))
