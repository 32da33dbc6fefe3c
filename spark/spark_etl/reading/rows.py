"""Rows of a checkpoint's Parquet files as a stream: only the columns asked for, and the row groups that may match."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from spark_etl.errors import CheckpointError
from spark_etl.folder_columns import FolderColumns
from spark_etl.parquet import open_dataset, open_parquet
from spark_etl.reading import duck
from spark_etl.reading.escaped import EscapedTable, escaped_stream, is_about_escapes
from spark_etl.storage import S3Settings, name_of

if TYPE_CHECKING:
    import pyarrow as pa

FILES_AHEAD = 4
STREAMED_ROWS = 8_192  # of 2,000 numbers, or of a text of 10 KB: about 100 MB


@dataclass(frozen=True)
class Rows:
    """What is asked for.

    Attributes:
        paths: The Parquet files.
        columns: The columns, in order.
        where: A predicate: SQL's text, a pyarrow expression, or None for all rows.
        settings: How to reach S3; from the environment if not given.
        folders: The columns of the files' folders; None for files that one run of ours has written.
    """

    paths: Sequence[str]
    columns: Sequence[str]
    where: Any = None
    settings: S3Settings | None = None
    folders: FolderColumns | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns with their types."""
        import pyarrow as pa

        known = self._dataset().schema
        return pa.schema([known.field(name) for name in self.columns])

    @property
    def feature(self) -> str:
        """The folder of the files."""
        return name_of(self.paths[0].rpartition("/")[0]) if self.paths else ""

    def all(self) -> Iterator[pa.RecordBatch]:
        """Yields all that match; several files are read at a time."""
        yield from escaped_stream(self._streamed() if self.where is None else self._from(self._dataset()), self.feature)

    def stored(self) -> Iterator[pa.RecordBatch]:
        """Yields all rows with their texts as they are stored, whether they are UTF-8 or not; no predicate counts."""
        yield from self._streamed()

    def one_by_one(self, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yields what matches, one row group after the other, and reads no further than needed.

        A predicate with a subquery is about all rows, so it is not asked of a row group by itself.
        """
        yield from escaped_stream(self._one_by_one(limit), self.feature)

    def first(self, limit: int) -> Iterator[pa.RecordBatch]:
        """Yields the first rows, whatever they are, and reads no further than the pages they lie in."""
        yield from escaped_stream(self._first(limit), self.feature)

    def _one_by_one(self, limit: int | None) -> Iterator[pa.RecordBatch]:
        if self.where is None:
            yield from self._streamed() if limit is None else self._first(limit)
            return
        left = limit
        with _database(self.where) as database:
            whole = database is not None and duck.has_subquery(database, self.where)
            for piece in [self._dataset()] if whole else self._row_groups():
                for batch in self._from(piece, database, left):
                    given = batch if left is None else batch.slice(0, left)
                    yield given
                    if left is not None:
                        left -= given.num_rows
                        if left <= 0:
                            return

    def _first(self, limit: int) -> Iterator[pa.RecordBatch]:
        left = limit
        for path in self.paths:
            if left <= 0:
                return
            with open_parquet(path, self.settings) as opened:
                for batch in self._batches(opened, path, left):
                    given = batch.slice(0, left)
                    yield given
                    left -= given.num_rows
                    if left <= 0:
                        break

    def _streamed(self) -> Iterator[pa.RecordBatch]:
        """Yields all rows, so few at a time that it does not matter how large a row group is once it is decoded.

        Waits for no thread when it ends: a stream that was left may be ended by the garbage collector within a lock of
        `threading`, which a wait would take again (Python 3.11 and 3.12).
        """
        paths = iter(self.paths)
        pool = ThreadPoolExecutor(FILES_AHEAD)
        try:
            begun = deque(pool.submit(self._begin, path) for path in islice(paths, FILES_AHEAD))
            while begun:
                opened, first, further = begun.popleft().result()
                begun.extend(pool.submit(self._begin, path) for path in islice(paths, 1))
                with opened:
                    yield from chain(first, further)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, path: str) -> tuple[Any, list[Any], Iterator[Any]]:
        """Returns a file, its first rows, and what gives the further ones."""
        opened = open_parquet(path, self.settings)
        further = self._batches(opened, path, STREAMED_ROWS)
        return opened, list(islice(further, 1)), further

    def _batches(self, opened: Any, path: str, size: int) -> Iterator[Any]:
        if self.folders is not None:
            yield from self.folders.batches(opened, path, self.schema, size)
            return
        for batch in opened.iter_batches(batch_size=size, columns=list(self.columns)):
            yield batch.select(list(self.columns))

    def _dataset(self) -> Any:
        return open_dataset(self.paths, self.settings, self.folders)

    def _row_groups(self) -> Iterator[Any]:
        """Yields each row group that may match as a dataset of its own; a footer is read when its file comes."""
        from pyarrow import dataset

        whole = self._dataset()
        expression = None if isinstance(self.where, str) else self.where
        for fragment in whole.get_fragments():
            with _arrow_refusals(whole.schema.names):
                pieces = fragment.split_by_row_group(filter=expression, schema=whole.schema)
            for piece in pieces:
                yield dataset.FileSystemDataset([piece], whole.schema, whole.format, whole.filesystem)

    def _from(self, source: Any, database: Any = None, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        if isinstance(self.where, str):
            yield from self._by_sql(self.where, source, database, limit)
            return
        from pyarrow import dataset

        chosen = {name: dataset.field(name) for name in self.columns}  # by name: a list takes `a.b` for a part of `a`
        with _arrow_refusals(source.schema.names):
            yield from source.scanner(columns=chosen, filter=self.where).to_batches()

    def _by_sql(self, where: str, source: Any, database: Any, limit: int | None) -> Iterator[pa.RecordBatch]:
        """Yields the rows that SQL holds for; where DuckDB can't take a text, once more with its bytes escaped."""
        given = 0
        if not is_about_escapes(where):
            try:
                with _database(where if database is None else None) as own:
                    for batch in duck.matching(database or own, source, self.columns, where, limit):
                        yield batch
                        given += batch.num_rows
                return
            except duck.NotUtf8Error:
                pass
        with duck.connection() as fresh:
            table = EscapedTable(source, self.feature, STREAMED_ROWS)
            for batch in duck.matching(fresh, table, self.columns, where, limit):
                yield batch.slice(min(given, batch.num_rows))
                given -= min(given, batch.num_rows)
            table.warn()


@contextmanager
def _database(where: Any) -> Iterator[Any]:
    """Yields a database for a predicate in SQL, None for any other."""
    if not isinstance(where, str):
        yield None
        return
    with duck.connection() as connected:
        yield connected


@contextmanager
def _arrow_refusals(columns: Sequence[str]) -> Iterator[None]:
    from pyarrow import ArrowInvalid, ArrowKeyError, ArrowNotImplementedError

    try:
        yield
    except (ArrowInvalid, ArrowKeyError, ArrowNotImplementedError) as error:
        first = str(error).splitlines()[0]
        raise CheckpointError(f"pyarrow refuses: {first}", hint=f"columns: {', '.join(columns) or 'none'}") from error


def check_predicate(where: Any) -> None:
    """Refuses what is no predicate.

    Raises:
        CheckpointError: It is neither text nor a pyarrow expression.
    """
    from pyarrow.compute import Expression

    if where is not None and not isinstance(where, str | Expression):
        raise CheckpointError(
            f"where= can't be a {type(where).__name__}",
            hint='write it as SQL, where="amount > 5", or as a pyarrow expression',
        )
    if isinstance(where, str) and not where.strip():
        raise CheckpointError("where= is empty", hint="leave it out for all rows")
