"""What can be wrong with a file of a checkpoint: it is missing, of another size or content, or its bytes have rotted.

Each check is a function that says what is wrong with one file, or nothing:

1. `listed_problems`: the store has each file of the manifest, of its size and with its ETag, and no others.
2. `footer_problem`: the file's end can be read, and has the manifest's rows and columns.
3. `page_problem`: each page can be decoded and has its checksum, where the writer has put one: Spark does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from spark_etl.errors import SparkEtlError
from spark_etl.parquet import open_parquet
from spark_etl.storage import S3Settings, is_hidden, is_s3, relative_to, storage_for
from spark_etl.store import DataFile, Manifest
from spark_etl.units import format_bytes

Kind = Literal["missing", "size", "changed", "added", "footer", "pages"]
SPARK_SCHEMA = b"org.apache.spark.sql.parquet.row.metadata"
ABOUT_A_FILE = re.compile(
    r"parquet|thrift|magic|page|deserializ|corrupt|snappy|zstd|lz4|gzip|eof|IOError", re.IGNORECASE
)
# DuckDB's other messages quote the query and rows.
DUCKDB_READ = re.compile(r"(?:reading the stream .* failed|get_\w+ failed\(\)): (.*)", re.DOTALL)
NO_TYPES = {"nullable", "containsNull", "valueContainsNull", "metadata"}
HEADER_BYTES, FIRST_PAGE = 64, 4
INTEGER_FIELD = 0x15  # of a header in Thrift's compact protocol: an i32, the next field
CHUNK_ROWS = 65_536


@dataclass(frozen=True)
class FileProblem:
    """What is wrong with a file of a checkpoint.

    Attributes:
        file: Its name, below the checkpoint's folder.
        kind: Which check it has failed.
        reason: What is wrong.
    """

    file: str
    kind: Kind
    reason: str

    @property
    def is_seen_by_resume(self) -> bool:
        """Whether `--resume` computes the checkpoint again by itself: it looks at sizes and ETags, not at rows."""
        return self.kind in {"missing", "size", "changed"}


def listed_problems(
    folder: str, manifest: Manifest, settings: S3Settings | None, *, times: bool = True
) -> Iterator[FileProblem]:
    """Yields what a list of the files shows. New files beside adopted ones are no problem: production goes on.

    Args:
        folder: The checkpoint's.
        manifest: What was written.
        settings: How to reach S3; from the environment if not given.
        times: Whether a local file's ETag counts, too: it is made of its time, which a copy of the file changes.
    """
    since = _since(manifest)
    folder = manifest.files_folder(folder)
    there = {relative_to(item.path, folder): item for item in storage_for(folder, settings).walk(folder)}
    for file in manifest.files:
        found = there.pop(file.name, None)
        if found is None:
            yield FileProblem(file.name, "missing", "it is not there any more")
        elif found.size != file.bytes:
            sizes = f"{format_bytes(found.size)}, {since.where} {format_bytes(file.bytes)}"
            exact = f" ({found.size:,} and {file.bytes:,} bytes)"
            yield FileProblem(file.name, "size", f"it has {sizes}{exact}")
        elif file.etag and not found.has_content(file.etag) and (times or is_s3(folder)):
            reason = f"it was written again, or copied, {since.after}: its ETag is another"
            yield FileProblem(file.name, "changed", reason)
    for name in () if manifest.is_adopted else there:
        if not any(map(is_hidden, name.split("/"))):
            yield FileProblem(
                name, "added", "the checkpoint has no such file; other readers of the folder would read it"
            )


class _Since(NamedTuple):
    """How a message says what a file was like when the manifest was written, and what came later."""

    where: str
    after: str


def _since(manifest: Manifest) -> _Since:
    if manifest.is_adopted:
        return _Since("when it was adopted", "after it was adopted")
    return _Since("where the run wrote", "after the run")


def footer_problem(path: str, file: DataFile, manifest: Manifest, settings: S3Settings | None) -> FileProblem | None:
    """Returns what is wrong with the end of a file, which says what is in it."""
    try:
        with open_parquet(path, settings) as opened:
            reason = footer_reason(opened, file, manifest)
    except read_errors() as error:
        reason = f"it can't be read as Parquet: {first_line(error)}"
    return FileProblem(file.name, "footer", reason) if reason else None


def page_problem(
    path: str, file: DataFile, settings: S3Settings | None, on_rows: Callable[[int], None] = lambda _: None
) -> FileProblem | None:
    """Returns what is wrong with the rows of a file; all of it is read.

    Args:
        path: Where it lies.
        file: What was written.
        settings: How to reach S3; from the environment if not given.
        on_rows: Is called with the number of rows that were read since the last call.
    """
    try:
        with open_parquet(path, settings) as opened:
            for batch in opened.iter_batches(batch_size=CHUNK_ROWS):
                on_rows(batch.num_rows)
    except read_errors() as error:
        return FileProblem(file.name, "pages", f"its rows can't be read: {first_line(error)}")
    return None


def has_page_checksums(path: str, settings: S3Settings | None) -> bool:
    """Returns whether the first page of a file has a checksum: the fourth field of its header."""
    head = storage_for(path, settings).read(path, most=HEADER_BYTES) or b""
    place = FIRST_PAGE
    for _ in range(3):
        if head[place : place + 1] != bytes([INTEGER_FIELD]):
            return False
        place += 1
        while place < len(head) and head[place] & 0x80:
            place += 1
        place += 1
    return head[place : place + 1] == bytes([INTEGER_FIELD])


def first_problem(folder: str, manifest: Manifest, settings: S3Settings | None) -> FileProblem | None:
    """Returns the first thing that is wrong with a checkpoint that could not be read; the quick checks come first."""
    listed = [
        problem for problem in listed_problems(folder, manifest, settings, times=False) if problem.kind != "added"
    ]
    changed = [problem for problem in listed if problem.kind == "changed"]
    if len(listed) > len(changed):
        return next(problem for problem in listed if problem.kind != "changed")
    paths = [(manifest.file_path(folder, file.name), file) for file in manifest.files]
    footers = (footer_problem(path, file, manifest, settings) for path, file in paths)
    pages = (page_problem(path, file, settings) for path, file in paths)
    return next((problem for problems in (footers, pages, changed) for problem in problems if problem), None)


def may_be_damage(error: BaseException) -> bool:
    """Returns whether what could not be read may be so because of a file, and not because of what was asked."""
    cause = error.__cause__ if isinstance(error, SparkEtlError) else error
    if cause is None:
        return False
    if isinstance(cause, OSError | MemoryError | EOFError | KeyError):
        return True
    return bool(ABOUT_A_FILE.search(_said_by_reader(cause)))


def _said_by_reader(cause: BaseException) -> str:
    """Returns what pyarrow has said, which DuckDB passes on, without what speaks of the question."""
    if "duckdb" not in type(cause).__module__:
        return str(cause).partition("FieldRef.")[0]  # a name that the question has
    found = DUCKDB_READ.search(str(cause))
    return found[1] if found else ""


def first_line(error: BaseException) -> str:
    """Returns the first line of an error, without where its code lies."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].partition(" Detail: ")[0]


def read_errors() -> tuple[type[BaseException], ...]:
    """Returns what pyarrow raises for a file that is damaged."""
    try:
        from pyarrow import ArrowException
    except ImportError:
        return (OSError,)
    return (ArrowException, OSError, ValueError, KeyError, EOFError, MemoryError)


def footer_reason(opened: Any, file: DataFile, manifest: Manifest) -> str:
    """Returns what a file's footer says otherwise than the manifest; empty if it is the same.

    Args:
        opened: The file, as a `pyarrow.parquet.ParquetFile`.
        file: What the manifest says of it.
        manifest: The manifest.
    """
    rows, names = opened.metadata.num_rows, list(opened.schema_arrow.names)
    wanted, where = manifest.own_columns, _since(manifest).where
    if rows != file.rows:
        return f"it has {rows:,} rows, {where} {file.rows:,}"
    if not set(wanted) <= set(names) if manifest.is_adopted else names != wanted:
        return f"it has the columns {', '.join(names)}, {where} {', '.join(wanted)}"
    if manifest.is_adopted:  # another program may have noted its types in another way; readers cast them
        return ""
    known = (opened.metadata.metadata or {}).get(SPARK_SCHEMA)
    with suppress(ValueError):
        if known and manifest.spark_schema and _types(json.loads(known)) != _types(manifest.spark_schema):
            return "its columns have other types than the run wrote"
    return ""


def _types(schema: Any) -> Any:
    """Returns a Spark schema without what a file may say otherwise: whether there may be NULLs, and metadata."""
    if isinstance(schema, dict):
        return {name: _types(value) for name, value in schema.items() if name not in NO_TYPES}
    return [_types(part) for part in schema] if isinstance(schema, list) else schema
