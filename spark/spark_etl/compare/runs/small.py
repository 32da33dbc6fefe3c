"""Small frames that have the same rows in other files, found without a database: a run may have a thousand of them.

Both are sorted by all columns. Tables that are the same then have the same rows; of any other nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_etl.reading import Checkpoint

if TYPE_CHECKING:
    import pyarrow as pa

SMALL = 256_000  # bytes of its files
FEW_COLUMNS = 64


def has_same_small_rows(a: Checkpoint, b: Checkpoint) -> bool:
    """Returns whether two small frames have the same columns in the same order, and the same rows.

    Raises:
        DamagedFileError: A file is not the one that the run wrote.
    """
    import pyarrow as pa

    if max(a.bytes, b.bytes) > SMALL or a.rows != b.rows or a.manifest.columns != b.manifest.columns:
        return False
    if not a.rows or len(a.schema) > FEW_COLUMNS or a.manifest.is_adopted:
        return False
    try:
        one, other = _sorted(a), _sorted(b)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):  # nested columns have no order
        return False
    return bool(one.equals(other))


def _sorted(side: Checkpoint) -> pa.Table:
    import pyarrow as pa

    columns = list(side.schema)
    with side.explain_damage():
        table = pa.Table.from_batches(side.stored_rows(columns).stored())
    return table.combine_chunks().sort_by([(name, "ascending") for name in columns])
