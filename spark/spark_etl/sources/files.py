"""Files as they lie in a store: Parquet, CSV, JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError
from spark_etl.source import InputObject, Source, select_columns, source_key
from spark_etl.sources.drift import UNION, SourceFiles
from spark_etl.sources.file_schemas import csv_schema, no_schema, parquet_schema_reader
from spark_etl.sources.locations import Location, refuse_unreadable
from spark_etl.sources.templates import check_path
from spark_etl.sources.types import FileSchema
from spark_etl.storage.paths import exactly

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.sources.drift import Read

STRICT = {"mode": "FAILFAST"}


class FileSource(Source):
    """Files of one format; what is found before Spark starts is what is read.

    Args:
        path: A folder, a file, or a pattern: `*` and `?` stand for any letters within a name, `{date}` for each day of
            the run, `{start_date}` and `{end_date}` for its first and last; `{date:%Y/%m/%d}` writes a day otherwise.
            Several paths are read as one. Folders `name=value` below the path, or from the first placeholder on, become
            columns.
        schema: Columns and types as in `CREATE TABLE`: `order_id bigint, day date`. Without one, that of the files,
            which has to be the same. With `union` what a file lacks is NULL, and numbers become the larger type.
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
        self._found: dict[DateRange, SourceFiles] = {}

    def __repr__(self) -> str:
        path: Any = self.paths[0] if len(self.paths) == 1 else self.paths
        return source_key(self, path, schema=self.schema, options=self.options, select_cols=self.select_cols)

    def inputs(self, dates: DateRange) -> list[InputObject]:
        """Returns the files of all paths and days; see `Source.inputs`.

        Raises:
            SchemaDriftError: They do not have the same columns, and `schema` says nothing of it.
        """
        found = [(Location(path).base(dates), Location(path).files(dates)) for path in self.paths]
        refuse_unreadable(item.path for _, files in found for item, _ in files)
        parts = [(base, {item.path: label for item, label in files}) for base, files in found]
        self._found[dates] = SourceFiles(
            repr(self), parts, self._schema_reader(), union=self._union, only=self.select_cols
        )
        return [item for _, files in found for item, _ in files]

    @property
    def _union(self) -> bool:
        return self.schema == UNION

    def _schema_reader(self) -> Callable[[str], FileSchema | None] | None:
        """Returns the function that reads the columns of a file; None where only Spark can."""
        return no_schema

    def locations(self, dates: DateRange) -> list[str]:
        """Returns each path with the patterns in it, of other days than the run's, too; see `Source.locations`."""
        return [Location(path).pattern_of_any_day(dates) for path in self.paths]

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns the files as one DataFrame; see `Source.read`."""
        if dates not in self._found:
            self.inputs(dates)

        def reading(base: str) -> Read:
            return lambda schema, paths: self._frame(spark, base, schema, paths)

        return select_columns(self._found[dates].frame(reading), self.select_cols, repr(self))

    def _frame(self, spark: SparkSession, base: str, schema: Any, paths: Sequence[str]) -> DataFrame:
        options = {"basePath": base, **self.defaults, **self.options}
        if self.format == "parquet":  # the union is made here; Spark's own refuses `int` beside `bigint`
            options = {name: value for name, value in options.items() if name.lower() != "mergeschema"}
            options["mergeSchema"] = False
        reader = spark.read.format(self.format).options(**options)
        own = None if self._union else self.schema
        if schema is not None or own is not None:
            reader = reader.schema(own if schema is None else schema)
        return reader.load([exactly(path) for path in paths])

    def _option(self, name: str) -> Any:
        """Returns an option, whose name may be in small or capital letters."""
        known = {key.lower(): value for key, value in {**self.defaults, **self.options}.items()}
        return known.get(name.lower())

    def _is_enabled(self, name: str) -> bool:
        return str(self._option(name)).lower() == "true"


class ParquetSource(FileSource):
    """Parquet files; see `FileSource`."""

    format = "parquet"

    @property
    def _union(self) -> bool:
        return super()._union or self._is_enabled("mergeSchema")

    def _schema_reader(self) -> Callable[[str], FileSchema | None] | None:
        if self.schema not in {None, UNION}:
            return no_schema
        return parquet_schema_reader(damaged=self._is_enabled("ignoreCorruptFiles"))


class CsvSource(FileSource):
    """CSV files whose first row names the columns; see `FileSource`.

    Without a schema each column is a string. A row that doesn't fit fails the run, and so does a header that is not the
    schema's. Spark's options allow both: `{"mode": "PERMISSIVE"}`, `{"enforceSchema": True}`, `{"header": False}`.
    """

    format = "csv"
    defaults = {**STRICT, "header": True, "enforceSchema": False}  # noqa: RUF012 - never changed

    def _schema_reader(self) -> Callable[[str], FileSchema | None] | None:
        if self.schema not in {None, UNION} or not self._is_enabled("header"):
            return no_schema
        if self._union and self._is_enabled("inferSchema"):
            raise ConfigError(
                f"{self!r}: inferSchema finds other types in other files",
                hint='schema="union" without inferSchema: each column is a string',
            )
        if self._is_enabled("inferSchema"):
            return no_schema  # Spark compares the headers itself, and finds types of all files together
        options = {name.lower(): value for name, value in {**self.defaults, **self.options}.items()}
        return lambda path: csv_schema(path, options)


class JsonSource(FileSource):
    """JSON files of one document a line; see `FileSource`.

    Without a schema Spark reads all files once to find it out: a document that lacks a field has NULL there. A line
    that doesn't fit fails the run.
    """

    format = "json"
    defaults = STRICT
