"""One page of a frame as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
from spark_etl.reading.escaped import escape_note
from spark_etl.storage import name_of, normalise

from sandbox_lab.errors import RefusedError, translate_errors
from sandbox_lab.frames import find_frame
from sandbox_lab.rows import read_rows

MOST_ROWS = 1000


def preview(path: str, root: str, offset: int, limit: int) -> dict[str, Any]:
    """Returns columns with types, rows, and what is known of the whole.

    Args:
        path: As JupyterLab gives it; see `resolve_path`.
        root: The folder that JupyterLab shows.
        offset: How many rows come before the first.
        limit: At most so many rows.

    Raises:
        RefusedError: There is nothing to show; the message says why.
    """
    if offset < 0 or not 1 <= limit <= MOST_ROWS:
        raise RefusedError(400, f"offset={offset}, limit={limit}: from 0 on, and 1 to {MOST_ROWS} rows at a time")
    with translate_errors(path), _translate_parquet_errors(path):
        frame = find_frame(resolve_path(path, root))
        with frame.source.explain_damage() if frame.source else nullcontext():
            rows, escaped = read_rows(frame.parts, list(frame.columns), offset, limit)
    _release_memory()
    return {
        "path": frame.path,
        "kind": frame.kind,
        "columns": [{"name": name, "type": kind} for name, kind in frame.columns.items()],
        "rows": rows,
        "offset": offset,
        "total": frame.rows,
        "files": len(frame.parts),
        "bytes": frame.bytes,
        "checkpoint": frame.checkpoint,
        "snippet": frame.snippet,
        "notes": [escape_note(escaped, name_of(frame.path))] if escaped else [],
    }


def resolve_path(path: str, root: str) -> str:
    """Returns the path as spark_etl writes it: `s3a://bucket/key` or `file:///home/ada/orders.parquet`.

    Args:
        path: `s3:bucket/key`, `s3://bucket/key`, `s3a://bucket/key`, or relative to the root.
        root: The folder that JupyterLab shows.

    Raises:
        RefusedError: It names no bucket, or leads out of the root.
    """
    scheme, colon, rest = path.partition(":")
    if colon and scheme in {"s3", "s3a"}:
        if not rest.strip("/"):
            raise RefusedError(400, f"{path!r} names no bucket", "s3:scratch, for one")
        return normalise(f"s3a://{rest.strip('/')}")
    top = Path(root).absolute()
    file = Path(os.path.normpath(top / path.lstrip("/")))
    if not file.is_relative_to(top):
        raise RefusedError(404, f"{path!r} is not below {top}", "files are shown below the home, and in S3")
    return normalise(str(file))


@contextmanager
def _translate_parquet_errors(path: str) -> Iterator[None]:
    """Turns pyarrow's errors about a damaged file into a `RefusedError`."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        raise
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RefusedError(422, f"{path} can't be read as Parquet: {reason}") from error


def _release_memory() -> None:
    """Gives memory back to the system: a server idles for hours beside others."""
    pa.default_memory_pool().release_unused()
