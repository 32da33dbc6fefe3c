"""One page of a frame as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from sandbox_lab.frames import find_frame
from sandbox_lab.places import place_of
from sandbox_lab.refusal import RefusedError, refusals
from sandbox_lab.rows import read_rows

MOST_ROWS = 1000


def preview(path: str, root: str, offset: int, limit: int) -> dict[str, Any]:
    """Returns columns with types, rows, and what is known of the whole.

    Args:
        path: As JupyterLab gives it; see `place_of`.
        root: The folder that JupyterLab shows.
        offset: How many rows come before the first.
        limit: At most so many rows.

    Raises:
        RefusedError: There is nothing to show; why is said.
    """
    if offset < 0 or not 1 <= limit <= MOST_ROWS:
        raise RefusedError(400, f"offset={offset}, limit={limit}: from 0 on, and 1 to {MOST_ROWS} rows at a time")
    with refusals(path), _parquet_refusals(path):
        frame = find_frame(place_of(path, root))
        rows = read_rows(frame.parts, list(frame.columns), offset, limit)
    _release()
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
    }


@contextmanager
def _parquet_refusals(path: str) -> Iterator[None]:
    """Turns what pyarrow says of a damaged file into a `RefusedError`."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        raise
    except (pa.ArrowException, OSError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise RefusedError(422, f"{path} can't be read as Parquet: {said}") from error


def _release() -> None:
    """Gives back what reading took: a server idles for hours beside others."""
    pa.default_memory_pool().release_unused()
