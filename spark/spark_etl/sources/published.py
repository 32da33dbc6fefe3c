"""Snapshots published by day: `<base>/<schema id>/<date column>=YYYY-MM-DD/*.parquet`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange, date_list
from spark_etl.errors import ConfigError, MissingDataError
from spark_etl.names import quoted
from spark_etl.source import InputObject, Source, select_columns, source_key
from spark_etl.sources.drift import UNION, SourceFiles
from spark_etl.sources.file_schemas import parquet_schema_reader
from spark_etl.sources.locations import is_data, refuse_unreadable
from spark_etl.storage import join, normalise, storage_for
from spark_etl.storage.paths import exactly

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.sources.drift import Read


class S3PublishedSource(Source):
    """The snapshots from the run's first to its last day, both included.

    Args:
        base_s3_path: Where published data lies, such as `s3a://published/`; a local folder works too.
        source_schema_id: Name of the folder below it.
        date_col: Column with the snapshot's day, a date.
        select_cols: Columns to keep, besides `date_col`; all if not given.
        schema: `union` if days may differ in their columns: what a day lacks is NULL, and numbers become the larger
            type. If not given they may not.
    """

    def __init__(
        self,
        base_s3_path: str,
        source_schema_id: str,
        date_col: str = "_dt",
        select_cols: Sequence[str] | None = None,
        *,
        schema: str | None = None,
    ) -> None:
        if schema not in {None, UNION}:
            raise ConfigError(f"S3PublishedSource: schema={schema!r} is not known", hint='schema="union", or none')
        self.base_s3_path = base_s3_path
        self.source_schema_id = str(source_schema_id)
        self.date_col = date_col
        self.select_cols = list(select_cols) if select_cols else None
        self.schema = schema
        self._found: dict[DateRange, SourceFiles] = {}

    def __repr__(self) -> str:
        return source_key(self, self.root, schema=self.schema)

    @property
    def root(self) -> str:
        """The folder the days lie in."""
        return join(normalise(self.base_s3_path), self.source_schema_id)

    def folder(self, day: date) -> str:
        """Returns the path of one day's snapshot."""
        return join(self.root, f"{self.date_col}={day.isoformat()}")

    def inputs(self, dates: DateRange) -> list[InputObject]:
        """Returns the Parquet objects of all days; see `Source.inputs`.

        Raises:
            SchemaDriftError: The days do not have the same columns, and `schema` is not `union`.
        """
        days = {day: self._objects(day) for day in dates.days()}
        missing = [day for day, objects in days.items() if not objects]
        if missing:
            raise self._missing(dates, missing)
        files = {item.path: str(day) for day, objects in days.items() for item in objects}
        refuse_unreadable(files)
        self._found[dates] = SourceFiles(
            repr(self), [(self.root, files)], parquet_schema_reader(), union=self.schema == UNION, only=self.select_cols
        )
        return [item for objects in days.values() for item in objects]

    def locations(self, dates: DateRange) -> list[str]:  # noqa: ARG002
        """Returns the folder of all days; see `Source.locations`."""
        return [self.root]

    def _objects(self, day: date) -> list[InputObject]:
        folder = self.folder(day)
        return [
            InputObject(item.path, item.size, item.etag)
            for item in storage_for(folder).walk(folder)
            if item.path.endswith(".parquet") and is_data(item.path, folder)
        ]

    def _missing(self, dates: DateRange, missing: list[date]) -> MissingDataError:
        published = [day for day in self._published_days() if day not in map(str, missing)]
        hint = f"published there: {published[0]} … {published[-1]} ({len(published)} days)" if published else None
        return MissingDataError(
            f"no snapshot of {self.source_schema_id} for {date_list(missing)} "
            f"({len(missing)} of {len(dates.days())} days missing below {self.root}/)",
            hint=hint or f"nothing is published below {self.root}/; is the path right?",
        )

    def _published_days(self) -> list[str]:
        prefix = f"{self.date_col}="
        return sorted(
            name.removeprefix(prefix) for name in storage_for(self.root).folders(self.root) if name.startswith(prefix)
        )

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns the snapshots as one DataFrame; see `Source.read`."""
        if dates not in self._found:
            self.inputs(dates)

        def reading(base: str) -> Read:
            return lambda schema, paths: _frame(spark, base, schema, paths)

        frame = self._found[dates].frame(reading)
        frame = frame.withColumn(self.date_col, frame[quoted(self.date_col)].cast("date"))
        if self.select_cols is None:
            return frame
        return select_columns(frame, [*self.select_cols, self.date_col], self.source_schema_id)


def _frame(spark: SparkSession, base: str, schema: Any, paths: Sequence[str]) -> DataFrame:
    reader = spark.read.option("basePath", base)
    return (reader if schema is None else reader.schema(schema)).parquet(*map(exactly, paths))
