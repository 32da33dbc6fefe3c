"""One checkpoint: rows, columns and SQL over them, read with pyarrow and DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from spark_etl.errors import CheckpointError
from spark_etl.manifest import Manifest
from spark_etl.names import alternatives
from spark_etl.parquet import open_dataset, open_parquet
from spark_etl.storage import S3Settings, join
from spark_etl.units import amount

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LARGEST_PULL = 2_000_000_000


class Checkpoint:
    """A feature's DataFrame as one run kept it.

    Attributes:
        path: Its folder: plain Parquet, any reader opens it.
        manifest: What it is: schema, rows, files, code, inputs.
        changed: Modules of the project whose code is another now than the one that computed it.
    """

    def __init__(
        self, path: str, manifest: Manifest, settings: S3Settings | None = None, *, changed: Sequence[str] = ()
    ) -> None:
        self.changed = list(changed)
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
        return _as_pandas(self.arrow(columns=columns, limit=n))

    def pandas(
        self, *, columns: Sequence[str] | None = None, limit: int | None = None, anyway: bool = False
    ) -> pd.DataFrame:
        """Returns the rows as a pandas DataFrame; see `arrow`."""
        return _as_pandas(self.arrow(columns=columns, limit=limit, anyway=anyway))

    def arrow(
        self, *, columns: Sequence[str] | None = None, limit: int | None = None, anyway: bool = False
    ) -> pa.Table:
        """Returns the rows as an Arrow table.

        Args:
            columns: Only these.
            limit: Only the first so many.
            anyway: Read it also when it is more than 2 GB on disk.

        Raises:
            CheckpointError: A column is unknown, or it is too much to be read by accident.
        """
        names = self._checked(columns)
        if limit is not None:
            return self._first(limit, names)
        size = self.bytes * len(names) // max(len(self.manifest.columns), 1)
        if size > LARGEST_PULL and not anyway:
            raise CheckpointError(
                f"`{self.feature}`: {self.rows:,} rows are about {amount(size)} on disk, and more in memory",
                hint="give columns= or limit=, ask with .sql(…), or say anyway=True",
            )
        table: pa.Table = self._dataset().to_table(columns=names)
        return table

    def sql(self, query: str) -> pd.DataFrame:
        """Returns the result of a query by DuckDB, in which the checkpoint is the table `this`.

        Raises:
            CheckpointError: DuckDB is not installed, or refuses the query.
        """
        try:
            import duckdb
        except ImportError:
            raise CheckpointError("SQL needs DuckDB, which is not installed here", hint="pip install duckdb") from None
        with duckdb.connect() as connection:
            connection.register("this", self._dataset())
            try:
                return connection.execute(query).df()
            except duckdb.Error as error:
                raise CheckpointError(
                    f"DuckDB refuses the query: {error}", hint=f"columns: {', '.join(self.schema)}"
                ) from error

    def _checked(self, columns: Sequence[str] | None) -> list[str]:
        for column in columns or ():
            if column not in self.manifest.columns:
                raise CheckpointError(
                    f"`{self.feature}` has no column `{column}`. {alternatives(column, self.manifest.columns)}"
                )
        return list(columns if columns is not None else self.manifest.columns)

    def _dataset(self) -> Any:
        return open_dataset([join(self.path, file.name) for file in self.manifest.files], self._settings)

    def _first(self, limit: int, columns: list[str]) -> pa.Table:
        """Returns the first rows, file by file, without reading on."""
        left, parts, schema = limit, [], None
        for file in sorted(self.manifest.files, key=lambda file: (file.rows == 0, file.name)):
            with open_parquet(join(self.path, file.name), self._settings) as opened:
                schema = schema or opened.schema_arrow
                for batch in opened.iter_batches(batch_size=max(left, 1), columns=columns) if left > 0 else ():
                    parts.append(batch.slice(0, left))
                    left -= min(left, batch.num_rows)
                    if left <= 0:
                        break
            if left <= 0:
                break
        return _table(parts, schema, columns)

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        columns = "\n".join(f"  {name}: {kind}" for name, kind in self.schema.items())
        return f"{self._headline()}\n{columns}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._headline())}</p>{self.head()._repr_html_()}"  # type: ignore[operator]

    def _headline(self) -> str:
        since = f"; its code has changed since: {', '.join(self.changed)}" if self.changed else ""
        return f"{self.feature} of run {self.manifest.run_id}: {self.rows:,} rows, {amount(self.bytes)}{since}"


def _table(parts: list[Any], schema: Any, columns: list[str]) -> pa.Table:
    import pyarrow as pa

    wanted = pa.schema([schema.field(name) for name in columns])
    return pa.Table.from_batches(parts, wanted) if parts else wanted.empty_table()


def _as_pandas(table: pa.Table) -> pd.DataFrame:
    try:
        import pandas  # noqa: F401
    except ImportError:
        raise CheckpointError("pandas is not installed here", hint="pip install pandas, or use .arrow()") from None
    frame: pd.DataFrame = table.to_pandas()
    return frame
