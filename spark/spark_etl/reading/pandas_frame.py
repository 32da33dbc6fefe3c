"""An Arrow table as pandas, each value as it is: pandas alone makes floats of whole numbers beside a NULL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from spark_etl.errors import CheckpointError

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
        values = _exact(column, wide=position in wide)
        if values is not None:
            exact[position] = values
            table = table.set_column(position, table.field(position).name, pa.nulls(len(column)))
    frame: pd.DataFrame = table.to_pandas(date_as_object=not moments)
    for position, values in exact.items():
        whole: Any = pd.Series(values, index=frame.index)
        frame.isetitem(position, whole)
    return frame


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


def _exact(column: pa.ChunkedArray, *, wide: bool) -> Any:
    """Returns the values where pyarrow's own way to pandas would change some; None where it does not."""
    from pyarrow import types

    kind = column.type
    if wide:
        return _whole(column)
    if types.is_integer(kind):
        return _nullable(column) if column.null_count else None
    if types.is_interval(kind):
        return _durations(column.to_pylist())
    if types.is_nested(kind) and any(_has_integer_nulls(chunk) for chunk in column.chunks):
        return _objects(column.to_pylist())
    return None


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
    lengths = [
        None if value is None else timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
        for value in values
    ]
    return pd.Series(lengths, dtype="timedelta64[us]")


def _has_integer_nulls(array: pa.Array) -> bool:
    """Returns whether there is a NULL among the whole numbers within a nested array: numpy has no such numbers."""
    from pyarrow import types

    kind = array.type
    if types.is_struct(kind):
        inner = [array.field(position) for position in range(kind.num_fields)]
    elif types.is_map(kind):
        inner = [array.keys, array.items]
    elif types.is_nested(kind) and hasattr(array, "flatten"):
        inner = [array.flatten()]
    else:
        return types.is_integer(kind) and bool(array.null_count)
    return any(map(_has_integer_nulls, inner))
