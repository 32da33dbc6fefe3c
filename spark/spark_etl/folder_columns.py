"""Columns in the names of folders, `_dt=2024-02-29/part-0.parquet`, beside those that the files have themselves.

The value of a folder counts where a file has such a column, too: Spark reads it so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from spark_etl.storage.paths import folder_column

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.compute import Expression

DATE, TEXT = "date", "string"


@dataclass(frozen=True)
class FolderColumns:
    """The folder columns of some files, whose own columns may be in another order, or of another width, in each.

    Attributes:
        types: Column → `date` or `string`; empty if there are none.
    """

    types: Mapping[str, str] = field(default_factory=dict)

    def texts(self, path: str) -> dict[str, str | None]:
        """Returns the values of a file's folders as they are written; None for NULL."""
        found = dict(filter(None, map(folder_column, path.split("/")[:-1])))
        return {name: found.get(name) for name in self.types}

    def values(self, path: str) -> dict[str, date | str | None]:
        """Returns the values of a file's folders."""
        texts = self.texts(path).items()
        return {name: date.fromisoformat(text) if text and self.types[name] == DATE else text for name, text in texts}

    def expression(self, path: str) -> Expression:
        """Returns what holds for each row of a file."""
        from pyarrow import dataset

        whole: Any = dataset.scalar(True)
        for name, value in self.values(path).items():
            column = dataset.field(name)
            whole = whole & (column.is_null() if value is None else column == value)
        return whole

    def schema(self, own: pa.Schema) -> pa.Schema:
        """Returns the columns of all files, folders' columns last.

        Args:
            own: Those of the first file.
        """
        import pyarrow as pa

        hidden = {name.lower() for name in self.types}
        fields = [pa.field(each.name, _plain(each.type)) for each in own if each.name.lower() not in hidden]
        kinds = {DATE: pa.date32(), TEXT: pa.string()}
        return pa.schema([*fields, *(pa.field(name, kinds[kind]) for name, kind in self.types.items())])

    def batches(self, opened: Any, path: str, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        """Yields the rows of a file with the columns of a schema.

        Args:
            opened: The file, as `open_parquet` returns it.
            path: Where it lies.
            schema: The columns that are wanted.
            size: Rows of a batch at most.
        """
        import pyarrow as pa

        values = self.values(path)
        own = [name for name in schema.names if name not in values]
        for batch in opened.iter_batches(batch_size=size, columns=own):
            arrays = [_column(batch, each, values) for each in schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _column(batch: pa.RecordBatch, wanted: pa.Field, values: Mapping[str, Any]) -> pa.Array:
    import pyarrow as pa

    if wanted.name in values:
        return pa.repeat(pa.scalar(values[wanted.name], wanted.type), batch.num_rows)
    column = batch.column(wanted.name)
    return column if column.type == wanted.type else column.cast(wanted.type)


def _plain(kind: Any) -> Any:
    """Returns the type of a column whose values are numbered in one file, and may not be so in the next."""
    from pyarrow import types

    return kind.value_type if types.is_dictionary(kind) else kind


def date_or_text(values: Sequence[str | None]) -> str:
    """Returns the type of a folder column: `date` where all of its values are dates, such as 2024-02-29."""
    known = [value for value in values if value is not None]
    return DATE if known and all(map(_is_date, known)) else TEXT


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
