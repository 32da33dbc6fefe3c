"""Frames of simple types on disk, read by DuckDB itself: twice as fast as through pyarrow.

DuckDB checks no page checksums. So what it reads decides two things only: that frames are the same, for which the
values as they are read have to agree, and which keys to look at. Rows that differ are read through pyarrow, which
checks.

What DuckDB may read otherwise than pyarrow is left to pyarrow: nested values, types that it lacks, texts that are not
UTF-8, files of a frame whose columns differ. Hashes are of the stored values on both ways, so that they agree: a day
has the hash of its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spark_etl.compare.frames.hashes import combined_hash
from spark_etl.compare.frames.sides import Sides
from spark_etl.reading import duck
from spark_etl.reading.rows import Rows
from spark_etl.storage import is_s3
from spark_etl.storage.paths import local_path

MOST_FILES = 1_000  # whose footers are looked at
PATTERN = set("*?[]{}\0")  # what DuckDB would not take for itself in a path


class QuickTables:
    """Runs queries on `quick_a` and `quick_b`, the rows of both sides with their hashes.

    Args:
        connected: The database, with `hashed_a` and `hashed_b`.
        sides: What is compared.
    """

    def __init__(self, connected: Any, sides: Sides) -> None:
        self.connected = connected
        self.is_quick = not sides.is_small and can_be_read(sides)
        for side, rows in (("a", sides.rows_a), ("b", sides.rows_b)):
            self._view(side, _query(rows, sides) if self.is_quick and rows else f"select * from hashed_{side}")  # noqa: S608

    def _view(self, side: str, query: str) -> None:
        try:
            self.connected.execute(f"create or replace temp view quick_{side} as {query}")
        except self._refusal():
            self.fall_back()

    def run(self, query: str) -> list[tuple[Any, ...]]:
        """Returns the rows of a query; it is asked of pyarrow's rows where DuckDB can't read a file."""
        try:
            return list(self.connected.execute(query).fetchall())
        except self._refusal():
            if not self.is_quick:
                raise
            self.fall_back()
            return list(self.connected.execute(query).fetchall())

    def fall_back(self) -> None:
        """Leaves reading to pyarrow from now on."""
        self.is_quick = False
        for side in "ab":
            query = f"select * from hashed_{side}"  # noqa: S608
            self.connected.execute(f"create or replace temp view quick_{side} as {query}")

    @staticmethod
    def _refusal() -> type[Exception]:
        import duckdb

        return duckdb.Error


def can_be_read(sides: Sides) -> bool:
    """Returns whether DuckDB reads both sides as pyarrow does."""
    names = [name.lower() for name in sides.columns]
    if len(set(names)) < len(names) or not all(names) or sides.kinds_a != sides.kinds_b:
        return False
    return all(map(_is_simple, sides.kinds_a)) and all(
        rows is not None and _has_plain_files(rows, sides.kinds_a) for rows in (sides.rows_a, sides.rows_b)
    )


def _has_plain_files(rows: Rows, kinds: Sequence[Any]) -> bool:
    """Returns whether the files lie on disk, and all have the same types."""
    from pyarrow import parquet

    if rows.folders is not None or len(rows.paths) > MOST_FILES or any(map(is_s3, rows.paths)):
        return False
    for path in rows.paths:
        schema = parquet.read_schema(local_path(path))
        lower = [name.lower() for name in schema.names]
        if set(path) & PATTERN or len(set(lower)) < len(lower) or not set(rows.columns) <= set(schema.names):
            return False
        if [schema.field(name).type for name in rows.columns] != list(kinds) and not _is_int96(schema, rows, kinds):
            return False
    return True


def _is_int96(schema: Any, rows: Rows, kinds: Sequence[Any]) -> bool:
    """Returns whether files differ from what is read of them in the unit of moments alone, as those of Spark do."""
    from pyarrow import types

    own = [schema.field(name).type for name in rows.columns]
    return all(
        one == other or (types.is_timestamp(one) and one.unit == "ns" and types.is_timestamp(other))
        for one, other in zip(own, kinds, strict=True)
    )


def _is_simple(kind: Any) -> bool:
    import pyarrow as pa
    from pyarrow import types

    if types.is_decimal128(kind):
        return bool(0 <= kind.scale <= kind.precision)
    if types.is_timestamp(kind):
        return bool(kind.unit == "us")
    simple = (pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.date32())
    return bool(kind in (*simple, pa.string(), pa.binary()))


def _query(rows: Rows, sides: Sides) -> str:
    """Returns the query of a side's rows with their hashes, the same as `row_hashes` makes of them."""
    paths = ", ".join(duck.text(str(local_path(path))) for path in rows.paths)
    columns = ", ".join(f"{duck.identifier(name)} as c{place}" for place, name in enumerate(sides.columns))
    places = range(len(sides.columns))
    one = combined_hash([f"c{place}" for place in places], forward=True)
    other = combined_hash([_backward(place, sides.kinds_a[place]) for place in places], forward=False)
    read = f"read_parquet([{paths}], hive_partitioning = false, union_by_name = false)"
    return f"select *, {one} as k1, {other} as k2 from (select {columns} from {read})"  # noqa: S608


def _backward(place: int, kind: Any) -> str:
    from pyarrow import types

    if types.is_string(kind):
        return f"('~' || c{place})"
    return f"('~'::blob || c{place})" if types.is_binary(kind) else f"c{place}"
