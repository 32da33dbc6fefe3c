"""One checkpoint: rows, columns and SQL over them, read with pyarrow and DuckDB."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from spark_etl.errors import CheckpointError
from spark_etl.folder_columns import FolderColumns
from spark_etl.names import alternatives
from spark_etl.parquet import need_pyarrow, open_dataset, sizes_in_memory
from spark_etl.printable import printable
from spark_etl.reading import duck, in_memory, reads
from spark_etl.reading.escaped import EscapedTable, is_about_escapes, is_readable
from spark_etl.reading.guard import FileGuard, Remake
from spark_etl.reading.pandas_frame import as_pandas, refuse_uhugeint, wide_integers
from spark_etl.reading.part_files import ABOUT_A_FILE
from spark_etl.reading.rows import STREAMED_ROWS, Rows, check_predicate
from spark_etl.reading.spark_frame import as_frame
from spark_etl.reading.warn import warn_of_variants
from spark_etl.storage import S3Settings
from spark_etl.store import Manifest
from spark_etl.units import format_bytes, format_count

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow.compute import Expression
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.compare import RowDiff
    from spark_etl.reading.profile_table import Profile
    from spark_etl.reading.verify import CheckpointVerifyResult, OnProgress

    Where: TypeAlias = str | Expression | None


class Checkpoint:
    """A feature's DataFrame as one run kept it.

    Attributes:
        path: Its folder, which identifies it.
        manifest: What it is: schema, rows, files, code, inputs.
        changed: Modules of the project whose code is another now than the one that computed it.

    Whatever reads its rows refuses them, and names the file and the command that makes them again, where a file is not
    the one that the run wrote: another size, another ETag, or a page whose checksum is wrong.
    """

    def __init__(
        self,
        path: str,
        manifest: Manifest,
        settings: S3Settings | None = None,
        *,
        changed: Sequence[str] = (),
        notes: Sequence[str] = (),
        remake: Remake | None = None,
        opened_by: str = "",
    ) -> None:
        self.changed = list(changed)
        self.notes = list(notes)
        self.path = path
        self.manifest = manifest
        self._settings = settings
        self._opened_by = opened_by
        self._remake = remake or (lambda _: f"./sandbox run … --checkpoint {shlex.quote(manifest.feature)}")
        self._guard = FileGuard(path, manifest, settings, self._remake)

    @property
    def feature(self) -> str:
        """The feature's alias."""
        return self.manifest.feature

    @property
    def files_folder(self) -> str:
        """Where its files lie: plain Parquet, any reader opens it. That is its own folder, unless it was adopted."""
        return self.manifest.files_folder(self.path)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.manifest.rows

    @property
    def bytes(self) -> int:
        """Size of the files."""
        return self.manifest.bytes

    @property
    def schema(self) -> dict[str, str]:
        """Column → type, as Spark's SQL writes it."""
        return dict(self.manifest.columns)

    def head(self, n: int = 10, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Returns the first rows; only the pages they lie in are read."""
        return as_pandas(self.arrow(columns=columns, limit=n))

    def pandas(
        self,
        *,
        columns: Sequence[str] | None = None,
        where: Where = None,
        limit: int | None = None,
        force: bool = False,
    ) -> pd.DataFrame:
        """Returns the rows as a pandas DataFrame; see `arrow`."""
        return as_pandas(self.arrow(columns=columns, where=where, limit=limit, force=force))

    def arrow(
        self,
        *,
        columns: Sequence[str] | None = None,
        where: Where = None,
        limit: int | None = None,
        force: bool = False,
    ) -> pa.Table:
        """Returns the rows as an Arrow table.

        Args:
            columns: Only these; no other is read.
            where: Only the rows it holds for: SQL such as `"amount > 5"`, or a pyarrow expression. Row groups that
                can't hold such a row are not read. A subquery in it sees all rows, as in `.sql()`.
            limit: Only the first so many; no row group is read behind them.
            force: Read it also when it is more than 2 GB in memory, or than half of what is free.

        Raises:
            CheckpointError: A column is unknown, the predicate is refused, or the rows need more memory than the limit.
        """
        rows = self._rows(columns, where)
        with self._guard.explain():
            if limit is None:
                if where is None and not force and self.bytes > in_memory.NO_QUESTION:
                    sizes = sizes_in_memory(rows.paths, rows.columns, self._settings)
                    in_memory.refuse_more_than(in_memory.max_bytes(), sum(sizes.values()), self.feature)
                batches = rows.all()
            else:
                batches = rows.first(limit) if where is None else rows.one_by_one(max(limit, 0))
            return in_memory.as_table(batches, rows, self.feature, force=force)

    def batches(self, *, columns: Sequence[str] | None = None, where: Where = None) -> Iterator[pa.RecordBatch]:
        """Yields the rows as Arrow record batches, some thousand at a time: any number of rows in little memory."""
        with self._guard.explain():
            yield from self._rows(columns, where).one_by_one()

    def sql(self, query: str, *, force: bool = False, **others: Checkpoint) -> pd.DataFrame:
        """Returns the result of a query by DuckDB, in which the checkpoint is the table `this`.

        Decimals and whole numbers are exact; days are moments, which can be drawn.

        Args:
            query: Only the columns and row groups that it needs are read.
            force: Return it also when it is more than 2 GB in memory, or than half of what is free.
            others: Further checkpoints, by the name of their table: `orders=run["orders"]`.

        Raises:
            CheckpointError: DuckDB is not installed, refuses the query, or its result needs more memory than the limit.
        """
        if "this" in others:
            raise CheckpointError("`this` is the checkpoint that is asked; give the other one another name")
        tables = {"this": self, **others}
        with ExitStack() as stack:
            for table in tables.values():
                stack.enter_context(table._guard.explain())
            return self._sql(query, tables, force)

    def _sql(self, query: str, tables: Mapping[str, Checkpoint], force: bool) -> pd.DataFrame:
        if not is_about_escapes(query):
            with suppress(duck.NotUtf8Error):
                result, wide = self._queried(query, {name: table._dataset() for name, table in tables.items()}, force)
                if is_readable(result):
                    return as_pandas(result, moments=True, wide=wide)
        escaped = {name: EscapedTable(table._dataset(), table.feature, STREAMED_ROWS) for name, table in tables.items()}
        result, wide = self._queried(query, escaped, force)
        for one in escaped.values():
            one.warn()
        return as_pandas(result, moments=True, wide=wide)

    def _queried(self, query: str, tables: Mapping[str, Any], force: bool) -> tuple[pa.Table, set[int]]:
        """Returns the result of a query, and the positions of its columns of more than 64 bits."""
        columns = [column for table in tables.values() for column in table.schema.names]
        with duck.connection() as connected, duck.refusals(columns):
            duck.register(connected, tables)
            relation = connected.sql(query)
            refuse_uhugeint(relation.columns, relation.types)
            reader = relation.to_arrow_reader(duck.BATCH_ROWS)
            return in_memory.as_table(reader, reader, self.feature, force=force), wide_integers(relation.types)

    def spark(self, session: SparkSession | None = None) -> DataFrame:
        """Returns the Spark DataFrame over exactly these files, with the schema they were written with.

        Args:
            session: A classic or a Spark Connect session; the one of `spark_etl.spark()` if not given.
        """
        return as_frame(self.manifest, self.path, self._paths(), session)

    def profile(self, columns: Sequence[str] | None = None) -> Profile:
        """Returns what the values of each column are like; it shows itself as a table with histograms.

        A column of up to 64 MB, or of up to a million different values, is counted exactly. Of any other, distinct
        values, quantiles and top values are estimates, and it says so. Rows are streamed, so that any size takes less
        than 1 GB of memory.

        Args:
            columns: Only these; no other is read.
        """
        from spark_etl.reading.profile import profile_columns
        from spark_etl.reading.profile_table import Profile

        rows = self._rows(columns, None)
        types = [self.manifest.columns[name] for name in rows.columns]
        with self._guard.explain():
            found = list(profile_columns(rows.paths, rows.columns, types, self._settings, rows.folders))
            for error in (column.error for column in found if ABOUT_A_FILE.search(column.error)):
                raise CheckpointError(error) from OSError(error)
        return Profile(self._headline(), found)

    def explain_damage(self) -> AbstractContextManager[None]:
        """Returns a context in which an error about a damaged file becomes one that names it; for other readers."""
        return self._guard.explain()

    def verify(self, *, on_progress: OnProgress | None = None) -> CheckpointVerifyResult:
        """Returns whether the files are those that the run wrote: sizes, ETags, footers, all rows, page checksums.

        Args:
            on_progress: Is called with the feature, and how many bytes of how many were read.
        """
        from spark_etl.reading.verify import verify_checkpoint

        return verify_checkpoint(self.path, self.manifest, self._settings, remake=self._remake, on_progress=on_progress)

    def diff(
        self, other: Checkpoint, *, keys: Sequence[str] | str = (), tolerance: float | None = None, samples: int = 5
    ) -> RowDiff:
        """Returns how the rows differ from those of another checkpoint, of any run and feature. It shows itself.

        Args:
            other: The other one.
            keys: Columns by which a row of both is the same one.
            tolerance: By how much two numbers may differ and still count as equal.
            samples: How many rows of each kind the result has.

        Raises:
            ArgumentError: The other one is no checkpoint, or lacks a column of the keys.
            CheckpointError: A column's values can't be compared.
        """
        from spark_etl.reading.comparing import diff_rows

        return diff_rows(self, other, keys=keys, tolerance=tolerance, samples=samples)

    compare = diff

    def stored_rows(self, columns: Sequence[str]) -> Rows:
        """Returns what reads columns as they are stored, for those who look at values and not at how they read."""
        return Rows(self._paths(), list(columns), None, self._settings, self._folders)

    def _rows(self, columns: Sequence[str] | None, where: Where) -> Rows:
        need_pyarrow()
        check_predicate(where)
        names = list(columns if columns is not None else self.manifest.columns)
        for column in names:
            if column not in self.manifest.columns:
                raise CheckpointError(
                    f"`{self.feature}` has no column `{column}`. {alternatives(column, self.manifest.columns)}"
                )
        warn_of_variants(names, self.manifest.columns)
        return Rows(self._paths(), names, where, self._settings, self._folders)

    def _paths(self) -> list[str]:
        """Returns the files, those without rows last, and records the read; refuses others than the run has written."""
        self._guard.refuse_other_files()
        reads.record_read(self.path, self.manifest, self._opened_by)
        files = sorted(self.manifest.files, key=lambda file: (file.rows == 0, file.name))
        return [self.manifest.file_path(self.path, file.name) for file in files]

    @property
    def _folders(self) -> FolderColumns | None:
        return FolderColumns(self.manifest.partitions) if self.manifest.is_adopted else None

    def _dataset(self) -> Any:
        return open_dataset(self._paths(), self._settings, self._folders)

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        columns = "\n".join(printable(f"  {name}: {kind}", one_line=True) for name, kind in self.schema.items())
        return f"{self._headline()}\n{columns}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._headline())}</p>{self.head()._repr_html_()}"  # type: ignore[operator]

    def _headline(self) -> str:
        changed = [f"its code has changed since: {', '.join(self.changed)}"] if self.changed else []
        notes = "".join(f"; {note}" for note in [*self.notes, *changed])
        size = f"{format_count(self.rows, 'row')}, {format_bytes(self.bytes)}"
        return printable(f"{self.feature} of run {self.manifest.run_id}: {size}{notes}", one_line=True)
