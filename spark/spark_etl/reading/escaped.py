r"""Texts whose bytes are no UTF-8, as a file in Latin-1 brings them: such bytes are shown as escapes, `M\xfcller`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from spark_etl.printable import printable
from spark_etl.reading.warn import warn_user

if TYPE_CHECKING:
    import pyarrow as pa

ESCAPE = r"\x"


def escaped_stream(batches: Iterable[pa.RecordBatch], feature: str) -> Iterator[pa.RecordBatch]:
    """Yields record batches in which each text can be read, and warns once of each column that had others."""
    warned: set[str] = set()
    for batch in batches:
        readable, names = escape_batch(batch)
        _warn(set(names) - warned, feature)
        warned.update(names)
        yield readable


def escape_batch(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, list[str]]:
    """Returns a batch with its texts escaped where they are no UTF-8, and the columns in which there were such."""
    import pyarrow as pa

    changed = {
        position: _escaped(column)
        for position, column in enumerate(batch.columns)
        if _has_text(column.type) and not _is_valid(column)
    }
    if not changed:
        return batch, []
    columns = [changed.get(position, column) for position, column in enumerate(batch.columns)]
    names = [batch.schema.names[position] for position in changed]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema), names


def escape_note(columns: Collection[str], feature: str) -> str:
    """Returns what a reader has to know of columns with text that is no UTF-8."""
    named = ", ".join(f"`{printable(name, one_line=True)}`" for name in sorted(columns))
    return (
        f"column{'s' if len(columns) > 1 else ''} {named} of `{printable(feature, one_line=True)}`: text that is no "
        "UTF-8; its bytes are shown as escapes, such as `\\xfc`"
    )


def is_readable(table: pa.Table) -> bool:
    """Returns whether each text in a table is UTF-8."""
    return all(_is_valid(column) for column in table.columns if _has_text(column.type))


def is_about_escapes(query: str) -> bool:
    """Returns whether SQL compares with an escape, as it is shown."""
    return ESCAPE in query


class EscapedTable:
    """A dataset as a table for DuckDB, which asks for its stream as often as it needs it, from any thread.

    Args:
        dataset: The rows.
        feature: Whose they are.
        batch_rows: How many are given at a time.
    """

    def __init__(self, dataset: Any, feature: str, batch_rows: int) -> None:
        self.schema: pa.Schema = dataset.schema
        self._dataset = dataset
        self._feature = feature
        self._batch_rows = batch_rows
        self._escaped: set[str] = set()

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, self._batches()).__arrow_c_stream__(requested_schema)

    def warn(self) -> None:
        """Warns of the columns that had text that is no UTF-8, as far as DuckDB has read."""
        _warn(self._escaped, self._feature)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._dataset.to_batches(batch_size=self._batch_rows):
            readable, names = escape_batch(batch)
            self._escaped.update(names)
            yield readable


def _is_valid(array: pa.Array) -> bool:
    import pyarrow as pa

    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _has_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _has_text(kind.value_type)
    if types.is_nested(kind):
        return any(_has_text(kind.field(position).type) for position in range(kind.num_fields))
    return bool(types.is_string(kind) or types.is_large_string(kind))


def _escaped(array: Any) -> Any:
    """Returns an array of the same type, its texts escaped."""
    import pyarrow as pa
    from pyarrow import types

    kind = array.type
    if not _has_text(kind):
        return array
    if types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(array.indices, _escaped(array.dictionary))
    if types.is_struct(kind):
        inner = [_escaped(array.field(position)) for position in range(kind.num_fields)]
        return pa.StructArray.from_arrays(inner, fields=list(kind), mask=array.is_null())
    if types.is_nested(kind):
        return _escaped_list(array)
    values = array.cast(pa.large_binary() if types.is_large_string(kind) else pa.binary()).to_pylist()
    return pa.array([None if value is None else value.decode("utf-8", "backslashreplace") for value in values], kind)


def _escaped_list(array: Any) -> Any:
    import pyarrow as pa
    from pyarrow import types

    whole = array.take(pa.array(range(len(array)), pa.int64()))  # a slice has offsets into more than its own values
    kind, mask = whole.type, whole.is_null()
    if types.is_map(kind):
        return pa.MapArray.from_arrays(whole.offsets, _escaped(whole.keys), _escaped(whole.items), type=kind, mask=mask)
    if types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(_escaped(whole.values), type=kind, mask=mask)
    made_by = pa.LargeListArray if types.is_large_list(kind) else pa.ListArray
    return made_by.from_arrays(whole.offsets, _escaped(whole.values), type=kind, mask=mask)


def _warn(columns: Collection[str], feature: str) -> None:
    if columns:
        warn_user(escape_note(columns, feature), UnicodeWarning)
