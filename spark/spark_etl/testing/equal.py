"""Whether two frames have the same rows, and how they differ, as `sandbox diff` says it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.compare import RowDiff, compare_rows
from spark_etl.reading import Checkpoint
from spark_etl.reading.comparing import as_keys
from spark_etl.schemas.footers import read_footer
from spark_etl.schemas.types import sql_type, struct_type, to_spark_json
from spark_etl.store import DataFile, Manifest
from spark_etl.testing.tables import as_table

if TYPE_CHECKING:
    import pyarrow as pa

FEW_ROWS = 10_000  # of which the values are compared in this process first
FILE = "part-0.parquet"


def assert_frames_equal(
    actual: Any, expected: Any, *, keys: Sequence[str] | str = (), tolerance: float | None = None
) -> None:
    """Refuses frames whose columns, types or rows differ; the order of rows and of columns does not count.

    NULL equals NULL, NaN equals NaN, -0.0 equals 0.0, moments are equal by instant.

    Args:
        actual: What the test got, `A` in what is shown: a DataFrame of Spark or pandas, an Arrow table, a checkpoint,
            or a list of dicts.
        expected: What it should be, `B`: the same, or a list of dicts or tuples with the types of `actual`.
        keys: Columns by which a row of A and one of B are the same row; found by themselves if not given.
        tolerance: By how much two numbers may differ and still count as equal.

    Raises:
        AssertionError: They differ. The message is what `sandbox diff` says of two checkpoints.
        ArgumentError: One of them is no frame, or a value is none of its column's type.
    """
    __tracebackhide__ = True
    own = as_table(actual, "what the test got")
    other = as_table(expected, "what is expected", own.schema)
    if _are_plainly_equal(own, other):
        return
    diff = diff_tables(own, other, keys=as_keys(keys), tolerance=tolerance)
    if not diff.same:
        raise AssertionError(f"the frames differ\n{diff}")


def diff_tables(a: pa.Table, b: pa.Table, *, keys: Sequence[str] = (), tolerance: float | None = None) -> RowDiff:
    """Returns how two tables differ; see `spark_etl.compare.compare_rows`."""
    with tempfile.TemporaryDirectory(prefix="frames-") as folder:
        sides = [_kept(table, Path(folder) / name) for name, table in (("a", a), ("b", b))]
        diff = compare_rows(*sides, keys=keys, tolerance=tolerance)
    return replace(diff, a="what the test got", b="what is expected")


def _are_plainly_equal(a: pa.Table, b: pa.Table) -> bool:
    """Returns whether types and values are the same by Python's own rules; if not, they may be by those of `diff`."""
    if a.num_rows != b.num_rows or a.num_rows > FEW_ROWS or sorted(a.column_names) != sorted(b.column_names):
        return False
    names = a.column_names
    if len(set(names)) != len(names) or any(a.schema.field(name).type != b.schema.field(name).type for name in names):
        return False
    try:
        return Counter(_rows(a, names)) == Counter(_rows(b, names))
    except (TypeError, ValueError, OverflowError):  # lists and structs have no hash; Python lacks some moments
        return False


def _rows(table: pa.Table, names: Sequence[str]) -> Any:
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def _kept(table: pa.Table, folder: Path) -> Checkpoint:
    """Returns a table as a checkpoint of one file."""
    from pyarrow import parquet

    folder.mkdir()
    file = folder / FILE
    parquet.write_table(table, file)
    columns = read_footer(f"file://{file}").columns
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
