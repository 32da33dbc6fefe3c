"""One checkpoint: rows, columns and SQL over them, read with pyarrow and DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from spark_etl import machine
from spark_etl.errors import CheckpointError
from spark_etl.names import alternatives
from spark_etl.parquet import need_pyarrow, open_dataset, sizes_in_memory
from spark_etl.reading import duck, reads
from spark_etl.reading.pandas_frame import as_pandas, refuse_uhugeint, wide_integers
from spark_etl.reading.rows import Rows, check_predicate
from spark_etl.reading.spark_frame import as_frame
from spark_etl.storage import S3Settings, join
from spark_etl.store import Manifest
from spark_etl.units import format_bytes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow.compute import Expression
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.reading.profile_table import Profile

    Where: TypeAlias = str | Expression | None

MAX_BYTES_IN_MEMORY = 2_000_000_000
NO_QUESTION = 50_000_000  # so few bytes on disk are not worth a look at each footer; what they become is counted force


def max_bytes_in_memory() -> int:
    """Returns the bytes that are read without `force=True`: half of what is free, as results need memory too."""
    free = machine.available_memory()
    return MAX_BYTES_IN_MEMORY if free is None else min(MAX_BYTES_IN_MEMORY, free // 2)


class Checkpoint:
    """A feature's DataFrame as one run kept it.

    Attributes:
        path: Its folder: plain Parquet, any reader opens it.
        manifest: What it is: schema, rows, files, code, inputs.
        changed: Modules of the project whose code is another now than the one that computed it.
    """

    def __init__(
        self,
        path: str,
        manifest: Manifest,
        settings: S3Settings | None = None,
        *,
        changed: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self.changed = list(changed)
        self.notes = list(notes)
        self.path = path
        self.manifest = manifest
        self._settings = settings

    @property
    def feature(self) -> str:
        """The feature's alias."""
        return self.manifest.feature

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
        if limit is None:
            if where is None and not force and self.bytes > NO_QUESTION:
                sizes = sizes_in_memory(rows.paths, rows.columns, self._settings)
                self._refuse_more_than(max_bytes_in_memory(), sum(sizes.values()))
            batches = rows.all()
        else:
            batches = rows.first(limit) if where is None else rows.one_by_one(max(limit, 0))
        return self._collected(batches, rows, force=force)

    def batches(self, *, columns: Sequence[str] | None = None, where: Where = None) -> Iterator[pa.RecordBatch]:
        """Yields the rows as Arrow record batches, some thousand at a time: any number of rows in little memory."""
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
        columns = [column for table in tables.values() for column in table.schema]
        with duck.connection() as connected:
            duck.register(connected, {name: table._dataset() for name, table in tables.items()})
            with duck.refusals(columns):
                relation = connected.sql(query)
                refuse_uhugeint(relation.columns, relation.types)
                wide = wide_integers(relation.types)
                reader = relation.to_arrow_reader(duck.BATCH_ROWS)
                result = self._collected(reader, reader, force=force)
        return as_pandas(result, moments=True, wide=wide)

    def spark(self, session: SparkSession | None = None) -> DataFrame:
        """Returns the Spark DataFrame over exactly these files, with the schema they were written with.

        Args:
            session: A classic or a Spark Connect session; the one of `spark_etl.spark()` if not given.
        """
        return as_frame(self.manifest, self._paths(), session)

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
        return Profile(self._headline(), list(profile_columns(rows.paths, rows.columns, types, self._settings)))

    def _rows(self, columns: Sequence[str] | None, where: Where) -> Rows:
        need_pyarrow()
        check_predicate(where)
        names = list(columns if columns is not None else self.manifest.columns)
        for column in names:
            if column not in self.manifest.columns:
                raise CheckpointError(
                    f"`{self.feature}` has no column `{column}`. {alternatives(column, self.manifest.columns)}"
                )
        return Rows(self._paths(), names, where, self._settings)

    def _paths(self) -> list[str]:
        """Returns the files, those without rows last, and records the read: the caller is about to read them."""
        reads.record_read(self.path, self.manifest)
        files = sorted(self.manifest.files, key=lambda file: (file.rows == 0, file.name))
        return [join(self.path, file.name) for file in files]

    def _dataset(self) -> Any:
        return open_dataset(self._paths(), self._settings)

    def _collected(self, batches: Iterable[pa.RecordBatch], typed: Any, *, force: bool) -> pa.Table:
        """Returns a stream as a table, and stops when it turns out to be too much."""
        import pyarrow as pa

        most, size, kept = max_bytes_in_memory(), 0, []
        for batch in batches:
            kept.append(batch)
            size += batch.nbytes
            if not force:
                self._refuse_more_than(most, size, "more than ")
        schema = kept[0].schema if kept else typed.schema
        return pa.Table.from_batches(kept, schema)

    def _refuse_more_than(self, most: int, size: int, about: str = "about ") -> None:
        if size > most:
            raise CheckpointError(
                f"`{self.feature}` would need {about}{format_bytes(size)} of memory; the limit is {format_bytes(most)}",
                hint="select less with columns=, where= or limit=, iterate over .batches(), or pass force=True",
            )

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        columns = "\n".join(f"  {name}: {kind}" for name, kind in self.schema.items())
        return f"{self._headline()}\n{columns}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._headline())}</p>{self.head()._repr_html_()}"  # type: ignore[operator]

    def _headline(self) -> str:
        since = [f"its code has changed since: {', '.join(self.changed)}"] if self.changed else []
        notes = "".join(f"; {note}" for note in [*self.notes, *since])
        return f"{self.feature} of run {self.manifest.run_id}: {self.rows:,} rows, {format_bytes(self.bytes)}{notes}"
