"""Rows as DuckDB gets them for a comparison: as they are stored, with types and names that it can't misread.

Days and moments are the whole numbers that Parquet has, texts are bytes, maps are lists of pairs, and columns and
fields are named by their places. So a text needs not be UTF-8, a moment may be of any year, a map may have a key twice,
and a name may be anything. Nothing is copied for it: the same buffers get another schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from spark_etl.reading.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DIGITS = 38  # of DuckDB's decimals


class StoredRows:
    """Rows as a table for DuckDB, which asks for a stream as often as it needs one. Its columns are `c0`, `c1`, ….

    Args:
        rows: The files, and the columns of them; None for no rows at all.
        kinds: Their Arrow types.
    """

    def __init__(self, rows: Rows | None, kinds: list[pa.DataType]) -> None:
        import pyarrow as pa

        self._rows = rows
        self._readable = [_readable(kind) for kind in kinds]
        self._schema = pa.schema([(f"c{place}", _plain(kind)) for place, kind in enumerate(self._readable)])

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self._schema, self._batches()).__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for batch in self._rows.stored() if self._rows else ():
            yield pa.record_batch(_Renamed(self._as_readable(batch), self._schema))

    def _as_readable(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns a batch with the types that its buffers are going to be read by; most have them already.

        A file may have others than the first one, and DuckDB lacks some.
        """
        import pyarrow as pa

        if batch.schema.types == self._readable:
            return batch
        pairs = zip(batch.columns, self._readable, strict=True)
        columns = [column if column.type == kind else column.cast(kind) for column, kind in pairs]
        return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


class _Renamed:
    """The buffers of a record batch under another schema, by Arrow's C interface."""

    def __init__(self, batch: pa.RecordBatch, schema: pa.Schema) -> None:
        self._batch = batch
        self._schema = schema

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self._schema.__arrow_c_schema__(), self._batch.__arrow_c_array__()[1]


def _readable(kind: Any) -> pa.DataType:
    """Returns the type that a column is cast to before DuckDB gets it: the values stay."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return _readable(kind.value_type)
    if types.is_decimal(kind) and kind.precision <= MOST_DIGITS:
        return pa.decimal128(kind.precision, kind.scale)
    simple = {pa.float16(): pa.float32(), pa.null(): pa.int8(), pa.string_view(): pa.string()}
    simple[pa.binary_view()] = pa.binary()
    return _readable_nested(kind) or simple.get(kind, kind)


def _readable_nested(kind: Any) -> pa.DataType | None:
    import pyarrow as pa
    from pyarrow import types

    if types.is_struct(kind):
        return pa.struct([field.with_type(_readable(field.type)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_readable(kind.key_type), kind.item_field.with_type(_readable(kind.item_type)))
    if not hasattr(kind, "value_field"):
        return None
    inner = kind.value_field.with_type(_readable(kind.value_type))
    return pa.large_list(inner) if types.is_large_list(kind) else pa.list_(inner)


def _plain(kind: Any) -> pa.DataType:
    """Returns the type with the same buffers that DuckDB reads without a meaning of its own."""
    import pyarrow as pa
    from pyarrow import types

    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type)
    if types.is_map(kind):
        return pa.list_(_plain(pa.struct([kind.key_field, kind.item_field])))
    if types.is_struct(kind):
        return pa.struct([(f"f{place}", _plain(field.type)) for place, field in enumerate(kind)])
    if types.is_list(kind) or types.is_large_list(kind):
        return (pa.list_ if types.is_list(kind) else pa.large_list)(_plain(kind.value_type))
    return _plain_leaf(kind)


def _plain_leaf(kind: Any) -> pa.DataType:
    import pyarrow as pa
    from pyarrow import types

    if types.is_temporal(kind) and not types.is_interval(kind):
        return pa.int32() if kind.bit_width == 32 else pa.int64()
    return {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}.get(kind, kind)
