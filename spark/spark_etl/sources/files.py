"""Files as they lie in a store: Parquet, CSV, JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError
from spark_etl.sources.base import InputObject, Source
from spark_etl.sources.columns import selected
from spark_etl.sources.identity import identity
from spark_etl.sources.locations import Location
from spark_etl.sources.templates import check_path
from spark_etl.storage.paths import NO_PATTERNS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

STRICT = {"mode": "FAILFAST"}


class FileSource(Source):
    """Files of one format; what is found before Spark starts is what is read.

    Args:
        path: A folder, a file, or a pattern: `*` and `?` stand for any letters within a name, `{date}` for each day of
            the run, `{start_date}` and `{end_date}` for its first and last; `{date:%Y/%m/%d}` writes a day otherwise.
            Several paths are read as one. Folders `name=value` below the path, or from the first placeholder on, become
            columns.
        schema: Columns and types as in `CREATE TABLE`: `order_id bigint, day date`. Without one Spark finds it out.
        options: Options of Spark's reader for this format.
        select_cols: Columns to keep; all if not given.
    """

    format = ""
    defaults: Mapping[str, Any] = {}

    def __init__(
        self,
        path: str | Sequence[str],
        *,
        schema: str | None = None,
        options: Mapping[str, Any] | None = None,
        select_cols: Sequence[str] | None = None,
    ) -> None:
        self.paths = [path] if isinstance(path, str) else list(path)
        if not self.paths:
            raise ConfigError(f"{type(self).__name__} has no path")
        for one in self.paths:
            check_path(one)
        self.schema = schema
        self.options = dict(options or {})
        self.select_cols = list(select_cols) if select_cols else None
        self._found: dict[DateRange, list[list[InputObject]]] = {}

    def __repr__(self) -> str:
        path: Any = self.paths[0] if len(self.paths) == 1 else self.paths
        return identity(self, path, schema=self.schema, options=self.options, select_cols=self.select_cols)

    def inputs(self, dates: DateRange) -> list[InputObject]:
        """Returns the files of all paths and days; see `Source.inputs`."""
        self._found[dates] = [Location(path).files(dates) for path in self.paths]
        return [item for files in self._found[dates] for item in files]

    def locations(self, dates: DateRange) -> list[str]:
        """Returns what of each path is the same whatever is found; see `Source.locations`."""
        return [Location(path).fixed(dates) for path in self.paths]

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns the files as one DataFrame; see `Source.read`."""
        if dates not in self._found:
            self.inputs(dates)
        frames = [
            self._frame(spark, Location(path).base(dates), files)
            for path, files in zip(self.paths, self._found[dates], strict=True)
        ]
        frame = frames[0]
        for other in frames[1:]:
            frame = frame.unionByName(other)
        return selected(frame, self.select_cols, repr(self))

    def _frame(self, spark: SparkSession, base: str, files: list[InputObject]) -> DataFrame:
        options = {"basePath": base, **self.defaults, **self.options, **NO_PATTERNS}
        reader = spark.read.format(self.format).options(**options)
        if self.schema is not None:
            reader = reader.schema(self.schema)
        return reader.load([item.path for item in files])


class ParquetSource(FileSource):
    """Parquet files; see `FileSource`."""

    format = "parquet"


class CsvSource(FileSource):
    """CSV files whose first row names the columns; see `FileSource`.

    Without a schema each column is a string. A row that doesn't fit fails the run, and so does a header that is not the
    schema's: `options={"mode": "PERMISSIVE"}`, `{"enforceSchema": True}` and `{"header": False}` are Spark's words for
    more mercy.
    """

    format = "csv"
    defaults = {**STRICT, "header": True, "enforceSchema": False}  # noqa: RUF012 - never changed


class JsonSource(FileSource):
    """JSON files of one document a line; see `FileSource`.

    Without a schema Spark reads all files once to find it out. A line that doesn't fit fails the run.
    """

    format = "json"
    defaults = STRICT
