"""A DataFrame of pandas as an Arrow table: without losing its index, a NaN or parts of a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_etl.errors import ArgumentError
from spark_etl.testing.values import first_line

if TYPE_CHECKING:
    import pyarrow as pa


def of_pandas(frame: Any, what: str, schema: pa.Schema | None) -> pa.Table:
    """Returns a frame's columns.

    NaN of a float column is NaN: such a column has no NULL. NaN among objects, NaT and pd.NA are NULL. Timestamps are
    in microseconds, as Spark has them.

    Args:
        frame: A DataFrame of pandas.
        what: What it is, for messages.
        schema: Types that timestamps and decimals get, as those of lists do.

    Raises:
        ArgumentError: It has an index of its own, two columns of one name, or a column without one type.
    """
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    _refuse_own_index(frame, what)
    arrays = []
    for place, name in enumerate(names):
        kind = schema.field(name).type if schema is not None and schema.names.count(name) == 1 else None
        try:
            arrays.append(_as_known(_array(frame.iloc[:, place]), kind))
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise ArgumentError(f"{what}: column `{name}` can't be read: {first_line(error)}") from None
    if not arrays:
        return pa.table({"": pa.nulls(len(frame))}).select([])
    return pa.table(arrays, names=names)


def _refuse_own_index(frame: Any, what: str) -> None:
    """Refuses an index that may mean something: it is no column, so it would be lost."""
    import pandas as pd

    index = frame.index
    if len(frame) and (not isinstance(index, pd.RangeIndex) or index.name is not None):
        names = ", ".join(f"`{name}`" for name in index.names if name is not None)
        raise ArgumentError(
            f"{what}: the pandas frame has an index of its own{f', {names}' if names else ''}, which is no column",
            hint="give frame.reset_index(), or frame.reset_index(drop=True) if it means nothing",
        )


def _array(series: Any) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    if isinstance(series.dtype, np.dtype) and series.dtype.kind == "f":
        return pa.array(series.to_numpy(), from_pandas=False)
    array = pa.array(series, from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _as_known(array: pa.Array, known: pa.DataType | None) -> pa.Array:
    """Returns timestamps and decimals with a known type; timestamps else in microseconds."""
    import pyarrow as pa
    from pyarrow import types

    kind = array.type
    if types.is_timestamp(kind):
        if kind.tz is not None and known is not None and types.is_timestamp(known) and known.tz is None:
            raise ValueError("it has a time zone, timestamp_ntz has none")
        wanted = known if known is not None and types.is_timestamp(known) else pa.timestamp("us", kind.tz)
        return array.cast(wanted)
    if types.is_decimal(kind) and known is not None and types.is_decimal(known):
        return array.cast(known)
    return array
