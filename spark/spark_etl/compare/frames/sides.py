"""What of two frames is compared: their common columns with Arrow types, and a database that reads both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.compare.frames.hashes import OtherKindError, UnknownTypeError, key, row_hashes
from spark_etl.compare.frames.schema import SchemaDiff
from spark_etl.compare.frames.stored import StoredRows
from spark_etl.errors import CheckpointError
from spark_etl.reading import Checkpoint, duck
from spark_etl.reading.in_memory import max_bytes

if TYPE_CHECKING:
    import pyarrow as pa

    from spark_etl.reading.rows import Rows

DATABASE_MEMORY = 700_000_000  # more goes to disk
MOST_NAMED = 20  # columns, in an error
LEAST_MEMORY = 100_000_000
BYTES_PER_COLUMN = 400_000  # that a thread of DuckDB takes: vectors of 2,048 values, some for each of its steps
FEW_ROWS = 20_000  # of both sides: so many are read once and kept


@dataclass(frozen=True)
class Sides:
    """The columns that are compared, with their Arrow types on both sides, and what reads them.

    Attributes:
        columns: Their names. In the database they are `c0`, `c1`, ….
        kinds_a: Types in A.
        kinds_b: Types in B.
        rows_a: What reads A; None for no rows at all.
        rows_b: What reads B.
        not_compared: Further common column → why it can't be compared.
        is_small: Whether there are few rows.
    """

    columns: list[str]
    kinds_a: list[pa.DataType]
    kinds_b: list[pa.DataType]
    rows_a: Rows | None
    rows_b: Rows | None
    not_compared: dict[str, str]
    is_small: bool = False

    @property
    def kinds(self) -> dict[str, tuple[list[pa.DataType], list[pa.DataType]]]:
        """Side → its types, and those of the other side."""
        return {"a": (self.kinds_a, self.kinds_b), "b": (self.kinds_b, self.kinds_a)}

    def values(self, side: str, place: int, table: str = "") -> str:
        """Returns the SQL of a column's value, which is equal to that of the other side where the values are.

        Args:
            side: `a` or `b`.
            place: Of the column.
            table: The table's name in the query, if it needs one.
        """
        own, other = self.kinds[side]
        return key(f"{table}.c{place}" if table else f"c{place}", own[place], other[place])

    def hashes(self, side: str, places: Sequence[int] | None = None) -> tuple[str, str]:
        """Returns the SQL of two hashes of some columns of a row; of all if none are given."""
        own, other = self.kinds[side]
        return row_hashes(own, other, places)


def sides_of(a: Checkpoint, b: Checkpoint, schema: SchemaDiff) -> Sides:
    """Returns which of the common columns can be compared.

    Raises:
        CheckpointError: One has a type that can't be compared, though it is the same on both sides.
    """
    names = list(schema.common)
    types_a, types_b = _types(a, names), _types(b, names)
    types_a, types_b = types_a or types_b, types_b or types_a
    names = names if types_a else []
    not_compared = {
        name: reason
        for name, own, other in zip(names, types_a, types_b, strict=True)
        if (reason := _obstacle(name, own, other, is_known=name in schema.changed))
    }
    places = [place for place, name in enumerate(names) if name not in not_compared]
    columns = [names[place] for place in places]
    return Sides(
        columns,
        [types_a[place] for place in places],
        [types_b[place] for place in places],
        a.stored_rows(columns) if a.manifest.files else None,
        b.stored_rows(columns) if b.manifest.files else None,
        not_compared,
        is_small=a.rows + b.rows <= FEW_ROWS,
    )


def _types(side: Checkpoint, names: list[str]) -> list[pa.DataType]:
    """Returns the Arrow types of columns; none of a frame without files."""
    return list(side.stored_rows(names).schema.types) if side.manifest.files and names else []


def _obstacle(name: str, own: pa.DataType, other: pa.DataType, *, is_known: bool) -> str:
    """Returns why the values of a column can't be compared; nothing if they can."""
    try:
        key("value", own, other)
        key("value", other, own)
    except OtherKindError:
        return f"{own} in A, {other} in B"
    except UnknownTypeError as error:
        if is_known:
            return f"its values are of a type that can't be compared: {error}"
        raise CheckpointError(
            f"column `{name}` can't be compared: its values are of the type {error}",
            hint=f"compare frames without it, or cast it in the feature: withColumn({name!r}, …)",
        ) from None
    return ""


@contextmanager
def explained(*sides: Checkpoint) -> Iterator[None]:
    """Returns a context in which an error about a damaged file becomes one that names it."""
    with ExitStack() as stack:
        for side in sides:
            stack.enter_context(side.explain_damage())
        yield


@contextmanager
def database(sides: Sides) -> Iterator[Any]:
    """Yields a database with both sides as `a` and `b`, and with the hashes `k1` and `k2` as `hashed_a`, `hashed_b`."""
    wanted = BYTES_PER_COLUMN * len(sides.columns)
    memory = max(min(max(DATABASE_MEMORY, wanted), max_bytes()), LEAST_MEMORY)
    limit = f"{memory // 1_000_000}MB"
    opened = duck.connection(memory=limit, purpose="comparing rows")
    with opened as connected, duck.refusals(sides.columns[:MOST_NAMED]):
        threads = 1 if sides.is_small else max(memory // wanted, 1)
        connected.execute(f"set threads = least(current_setting('threads'), {threads})")
        connected.execute("set preserve_insertion_order = false")
        # What is joined is put where it belongs: how many rows a stream has is not known.
        connected.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
        for side, rows in (("a", sides.rows_a), ("b", sides.rows_b)):
            connected.register(side, StoredRows(rows, sides.kinds[side][0]))
            one, other = sides.hashes(side)
            hashed = f"select *, {one} as k1, {other} as k2 from {side}"  # noqa: S608
            connected.execute(f"create temp {'table' if sides.is_small else 'view'} hashed_{side} as {hashed}")
        yield connected
