"""Rows as one Arrow table, as long as they fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spark_etl import machine
from spark_etl.errors import CheckpointError
from spark_etl.units import format_bytes

if TYPE_CHECKING:
    import pyarrow as pa

MAX_BYTES_IN_MEMORY = 2_000_000_000
NO_QUESTION = 50_000_000  # so few bytes on disk are not worth a look at each footer; what they become is counted anyway


def max_bytes() -> int:
    """Returns the bytes that are read without `force=True`: half of what is free, as results need memory too."""
    free = machine.available_memory()
    return MAX_BYTES_IN_MEMORY if free is None else min(MAX_BYTES_IN_MEMORY, free // 2)


def as_table(batches: Iterable[pa.RecordBatch], typed: Any, feature: str, *, force: bool) -> pa.Table:
    """Returns a stream as a table, and stops when it turns out to be too much.

    Args:
        batches: The stream.
        typed: What has its schema, should it be empty.
        feature: Whose rows, for the message.
        force: Go on all the same.

    Raises:
        CheckpointError: It needs more memory than the limit.
    """
    import pyarrow as pa

    most, size, kept = max_bytes(), 0, []
    for batch in batches:
        kept.append(batch)
        size += batch.nbytes
        if not force:
            refuse_more_than(most, size, feature, "more than ")
    schema = kept[0].schema if kept else typed.schema
    return pa.Table.from_batches(kept, schema)


def refuse_more_than(most: int, size: int, feature: str, about: str = "about ") -> None:
    """Refuses more bytes than the limit.

    Raises:
        CheckpointError: Names the feature and what to do instead.
    """
    if size > most:
        raise CheckpointError(
            f"`{feature}` would need {about}{format_bytes(size)} of memory; the limit is {format_bytes(most)}",
            hint="select less with columns=, where= or limit=, iterate over .batches(), or pass force=True",
        )
