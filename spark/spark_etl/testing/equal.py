"""Whether two frames have the same rows, and how they differ, as `sandbox diff` says it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.compare import RowDiff, compare_rows, compare_schemas
from spark_etl.compare.frames.keys import given_keys
from spark_etl.compare.frames.tolerance import checked_tolerance
from spark_etl.errors import ArgumentError
from spark_etl.reading import Checkpoint
from spark_etl.reading.comparing import as_keys
from spark_etl.schemas.footers import read_footer
from spark_etl.schemas.types import sql_type, struct_type, to_spark_json
from spark_etl.store import DataFile, Manifest
from spark_etl.testing.tables import as_table
from spark_etl.testing.values import first_line

if TYPE_CHECKING:
    import pyarrow as pa

FEW_ROWS = 10_000  # of which the values are compared in this process first
FILE = "part-0.parquet"
GOT, EXPECTED = "what the test got", "what is expected"


def assert_frames_equal(
    actual: Any, expected: Any, *, keys: Sequence[str] | str = (), tolerance: float | None = None
) -> None:
    """Refuses frames whose columns, types or rows differ; the order of rows and of columns does not count.

    NULL equals NULL, NaN equals NaN, -0.0 equals 0.0, timestamps are equal by instant.

    Args:
        actual: What the test got, `A` in what is shown: a DataFrame of Spark or pandas, an Arrow table, a checkpoint,
            or a list of dicts.
        expected: What it should be, `B`: the same, or a list of dicts or tuples with the types of `actual`, as
            timestamps and decimals of pandas have.
        keys: Columns by which a row of A and one of B are the same row; found by themselves if not given.
        tolerance: By how much two numbers may differ and still count as equal.

    Raises:
        AssertionError: They differ. The message is what `sandbox diff` says of two checkpoints.
        ArgumentError: One of them is no frame, a value is none of its column's type, a key is no column of both, or
            the tolerance is negative.
    """
    __tracebackhide__ = True
    own = as_table(actual, GOT)
    other = as_table(expected, EXPECTED, own.schema)
    _check_options(own, other, as_keys(keys), tolerance)
    if _are_plainly_equal(own, other):
        return
    diff = diff_tables(own, other, keys=as_keys(keys), tolerance=tolerance)
    if not diff.same:
        raise AssertionError(f"the frames differ\n{diff}")


def diff_tables(a: pa.Table, b: pa.Table, *, keys: Sequence[str] = (), tolerance: float | None = None) -> RowDiff:
    """Returns how two tables differ; see `spark_etl.compare.compare_rows`."""
    with tempfile.TemporaryDirectory(prefix="frames-") as folder:
        own, other = _as_checkpoint(a, Path(folder) / "a", GOT), _as_checkpoint(b, Path(folder) / "b", EXPECTED)
        if not own.schema or not other.schema:
            return _diff_without_columns(own, other)
        diff = compare_rows(own, other, keys=keys, tolerance=tolerance)
    return replace(diff, a=GOT, b=EXPECTED)


def _diff_without_columns(a: Checkpoint, b: Checkpoint) -> RowDiff:
    """Returns how tables differ of which one has no columns: by their columns, and by how many rows there are."""
    schema, more = compare_schemas(a.schema, b.schema), a.rows - b.rows
    return RowDiff(GOT, EXPECTED, schema, a.rows, b.rows, only_a=max(more, 0), only_b=max(-more, 0))


def _check_options(a: pa.Table, b: pa.Table, keys: Sequence[str], tolerance: float | None) -> None:
    """Refuses keys and a tolerance that can't be, whether or not they are needed."""
    checked_tolerance(tolerance)
    given_keys(keys, compare_schemas(dict.fromkeys(a.column_names, ""), dict.fromkeys(b.column_names, "")))


def _are_plainly_equal(a: pa.Table, b: pa.Table) -> bool:
    """Returns whether types and values are the same by Python's own rules; if not, they may be by those of `diff`."""
    if a.num_rows != b.num_rows or a.num_rows > FEW_ROWS or sorted(a.column_names) != sorted(b.column_names):
        return False
    names = a.column_names
    if len(set(names)) != len(names) or any(a.schema.field(name).type != b.schema.field(name).type for name in names):
        return False
    try:
        return Counter(_rows(a, names)) == Counter(_rows(b, names))
    except (TypeError, ValueError, OverflowError):  # lists and structs have no hash
        return False


def _rows(table: pa.Table, names: Sequence[str]) -> Any:
    if not names:
        return [()] * table.num_rows
    return zip(*(_values(table[name]) for name in names), strict=True)


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Returns values as Python compares them; timestamps as numbers, as it takes two hours of a zone for one."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    found: list[Any] = (column.cast(pa.int64()) if types.is_timestamp(column.type) else column).to_pylist()
    return found


def _as_checkpoint(table: pa.Table, folder: Path, what: str) -> Checkpoint:
    """Returns a table as a checkpoint of one file."""
    folder.mkdir()
    file = folder / FILE
    _write(table, file, what)
    columns = read_footer(f"file://{file}").columns if table.column_names else {}
    stored = DataFile(FILE, table.num_rows, file.stat().st_size)
    manifest = Manifest(
        feature=folder.name,
        run_id="",
        columns={name: sql_type(kind) for name, kind in columns.items()},
        spark_schema=to_spark_json(struct_type(columns)),
        rows=stored.rows,
        bytes=stored.bytes,
        files=[stored],
        code={},
        inputs={},
        written="",
    )
    return Checkpoint(f"file://{folder}", manifest)


def _write(table: pa.Table, file: Path, what: str) -> None:
    """Writes a table.

    Raises:
        ArgumentError: Parquet has no such type, as for an interval.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        parquet.write_table(table, file)
    except pa.ArrowNotImplementedError as error:
        kinds = ", ".join(f"`{field.name}` {field.type}" for field in table.schema)
        raise ArgumentError(
            f"{what}: values of a type can't be compared: {first_line(error)}. Columns: {kinds}",
            hint="cast such a column to string in both frames",
        ) from None
