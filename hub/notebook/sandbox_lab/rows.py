"""Some rows out of the middle of Parquet files: whole files and row groups before them are not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spark_etl.parquet import open_parquet
from spark_etl.reading.escaped import escape_batch

from sandbox_lab.cells import json_values

BATCH = 1000


@dataclass(frozen=True)
class FrameFile:
    """A file of a frame.

    Attributes:
        path: Where it lies.
        rows: How many rows it has; None if only its footer knows.
        constants: Columns of its folders' names: `_dt=2024-02-29`. They win over columns of the file.
    """

    path: str
    rows: int | None = None
    constants: Mapping[str, str | None] = field(default_factory=dict)


def read_rows(
    parts: Sequence[FrameFile], columns: Sequence[str], offset: int, limit: int
) -> tuple[list[list[Any]], set[str]]:
    """Returns the rows from the offset on, at most so many, each with a value per column.

    With them come the columns with text that is no UTF-8: its bytes are escapes in the rows.
    """
    rows: list[list[Any]] = []
    escaped: set[str] = set()
    skip = offset
    for part in parts:
        if len(rows) >= limit:
            break
        if part.rows is not None and part.rows <= skip:
            skip -= part.rows
            continue
        with open_parquet(part.path) as opened:
            total = opened.metadata.num_rows
            for batch in _batches(opened, skip, limit - len(rows)):
                readable, names = escape_batch(batch)
                escaped.update(names)
                rows += _rows(readable, columns, part.constants)
            skip = max(skip - total, 0)
    return rows, escaped


def _batches(opened: Any, skip: int, limit: int) -> Iterator[Any]:
    """Yields at most so many rows of a file as record batches, from the row group on that the first lies in."""
    groups = opened.metadata.num_row_groups
    first = 0
    while first < groups and opened.metadata.row_group(first).num_rows <= skip:
        skip -= opened.metadata.row_group(first).num_rows
        first += 1
    if first == groups:
        return
    size = min(max(skip + limit, 1), BATCH)
    for batch in opened.iter_batches(batch_size=size, row_groups=list(range(first, groups))):
        wanted = batch.slice(skip, limit)
        skip = max(skip - batch.num_rows, 0)
        limit -= wanted.num_rows
        if wanted.num_rows:
            yield wanted
        if limit <= 0:
            return


def _rows(batch: Any, columns: Sequence[str], constants: Mapping[str, str | None]) -> list[list[Any]]:
    """Returns the rows of a batch; a column that this file lacks is null in them."""
    names = enumerate(batch.schema.names)
    known = {name: batch.column(position) for position, name in names if name not in constants}
    height = batch.num_rows
    read = [json_values(known[name]) if name in known else [constants.get(name)] * height for name in columns]
    return [list(row) for row in zip(*read, strict=True)]
