"""An Arrow table as pandas, each value as it is: pandas alone makes floats of whole numbers beside a NULL.

A day or a moment that Python's calendar does not have is a text, and so is an infinite one of DuckDB.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from spark_etl.errors import CheckpointError
from spark_etl.reading.python_values import has_beyond, leaves, to_python

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

WIDE_INTEGERS = ("HUGEINT",)  # DuckDB's, which reach Arrow as decimals


def as_pandas(table: pa.Table, *, moments: bool = False, wide: Collection[int] = ()) -> pd.DataFrame:
    """Returns the table as a DataFrame.

    Whole numbers with NULLs among them are of a nullable type such as `Int64`, decimals are `decimal.Decimal`.

    Args:
        table: The rows.
        moments: Make a `datetime64` of a day, not a `datetime.date`.
        wide: Positions of the columns whose decimals are whole numbers: `Int64`, or objects where that is too small.

    Raises:
        CheckpointError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise CheckpointError("pandas is not installed here", hint="pip install pandas, or use .arrow()") from None
    import pyarrow as pa

    exact: dict[int, Any] = {}
    for position, column in enumerate(table.columns):
        values = _exact(column, wide=position in wide, moments=moments)
        if values is not None:
            exact[position] = values
            table = table.set_column(position, table.field(position).name, pa.nulls(len(column)))
    try:
        frame: pd.DataFrame = table.to_pandas(date_as_object=not moments)
    except (ValueError, OverflowError, pa.ArrowException):  # for one of its columns, so each by itself
        frame, exact = _by_columns(table, exact, moments=moments)
    for position, values in exact.items():
        whole: Any = pd.Series(values, index=frame.index)
        frame.isetitem(position, whole)
    return frame


def _by_columns(table: pa.Table, exact: dict[int, Any], *, moments: bool) -> tuple[pd.DataFrame, dict[int, Any]]:
    """Returns the table as a DataFrame without the columns that pyarrow has no way for, and the values of those."""
    import pyarrow as pa

    known = dict(exact)
    for position, column in enumerate(table.columns):
        try:
            column.to_pandas(date_as_object=not moments)
        except (ValueError, OverflowError, pa.ArrowException):
            known[position] = _objects(to_python(column))
            table = table.set_column(position, table.field(position).name, pa.nulls(len(column)))
    return table.to_pandas(date_as_object=not moments), known


def refuse_uhugeint(names: Collection[str], types: Collection[Any]) -> None:
    """Refuses DuckDB's unsigned integers of 128 bits: in Arrow's decimals the larger half of them is negative.

    Raises:
        CheckpointError: One is in the result.
    """
    for name, kind in zip(names, types, strict=True):
        if "UHUGEINT" in str(kind):
            raise CheckpointError(
                f"column `{name}` is a {kind}, which does not arrive whole",
                hint=f'cast it in the query: "{name}"::VARCHAR',
            )


def wide_integers(types: Collection[Any]) -> set[int]:
    """Returns the positions of DuckDB's integers of more than 64 bits."""
    return {position for position, kind in enumerate(types) if str(kind) in WIDE_INTEGERS}


def _exact(column: pa.ChunkedArray, *, wide: bool, moments: bool) -> Any:
    """Returns the values where pyarrow's own way to pandas would change some; None where it does not."""
    from pyarrow import types

    kind = column.type
    if wide:
        return _whole(column)
    if types.is_integer(kind):
        return _nullable(column) if column.null_count else None
    if types.is_interval(kind):
        return _durations(column.to_pylist())
    if any(map(has_beyond, column.chunks)):
        return _objects(_with_infinity(column) if moments else to_python(column))
    if types.is_nested(kind) and any(_has_integer_nulls(chunk) for chunk in column.chunks):
        return _objects(to_python(column))
    return None


def _with_infinity(column: pa.ChunkedArray) -> list[Any]:
    """Returns days and moments of DuckDB: its largest one and the negative of that stand for infinity."""
    import pyarrow as pa
    from pyarrow import types

    values, kind = to_python(column), column.type
    if types.is_nested(kind):
        return values
    whole = pa.int32() if types.is_date32(kind) else pa.int64()
    most = 2 ** (whole.bit_width - 1) - 1
    infinite = {most: "infinity", -most: "-infinity"}
    return [infinite.get(number, value) for number, value in zip(column.cast(whole).to_pylist(), values, strict=True)]


def _nullable(column: pa.ChunkedArray) -> Any:
    """Returns whole numbers as pandas' nullable type of the same size."""
    import pandas as pd

    name = str(column.type)
    dtype: Any = pd.api.types.pandas_dtype(name.replace("uint", "UInt") if name[0] == "u" else name.title())
    return dtype.__from_arrow__(column)


def _whole(column: pa.ChunkedArray) -> Any:
    import pyarrow as pa

    try:
        narrow = column.cast(pa.int64())
    except pa.ArrowInvalid:
        return _objects([None if value is None else int(value) for value in column.to_pylist()])
    return _nullable(narrow) if narrow.null_count else narrow.to_numpy()


def _objects(values: list[Any]) -> Any:
    import pandas as pd

    return pd.Series(values, dtype=object)


def _durations(values: list[Any]) -> Any:
    """Returns intervals as durations; as they are if there are months among them, which have no length."""
    import pandas as pd

    if any(value is not None and value.months for value in values):
        return _objects(values)
    try:
        lengths = [
            None if value is None else timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
            for value in values
        ]
    except OverflowError:  # longer than Python's durations
        return _objects(values)
    return pd.Series(lengths, dtype="timedelta64[us]")


def _has_integer_nulls(array: pa.Array) -> bool:
    """Returns whether there is a NULL among the whole numbers within a nested array: numpy has no such numbers."""
    from pyarrow import types

    return any(types.is_integer(leaf.type) and bool(leaf.null_count) for leaf in leaves(array))
