"""Snapshots published by day: `<base>/<schema id>/<date column>=YYYY-MM-DD/*.parquet`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange, date_list
from spark_etl.errors import ConfigError, MissingDataError
from spark_etl.schemas.footers import parquet_schema_reader
from spark_etl.schemas.foreign import Conversion, Convert
from spark_etl.source import InputObject, Source, select_columns, source_key
from spark_etl.sources.contents import describe_contents, is_data, unread_names
from spark_etl.sources.drift import UNION
from spark_etl.sources.locations import listing_of, matches_pattern, refuse_unreadable
from spark_etl.sources.reader import CHECKED, file_reader
from spark_etl.sources.source_files import Reading, SourceFiles
from spark_etl.storage import join, name_of, normalise, storage_for
from spark_etl.units import format_count

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PARQUET = "*.parquet"
LOG = logging.getLogger(__name__)


class S3PublishedSource(Source):
    """The snapshots from the run's first to its last day, both included.

    Args:
        base_s3_path: Where published data lies, such as `s3a://published/`; a local folder works too.
        source_schema_id: Name of the folder below it.
        date_col: Column with the snapshot's day, a date.
        select_cols: Columns to keep, besides `date_col`; all if not given.
        schema: `union` if days may differ in their columns: what a day lacks is NULL, and numbers become the larger
            type. If not given they may not.
        file_pattern: The names of the files that are read of a day's folder: `*.parq`, or `*` for all but hidden ones.
        convert: What becomes of columns of types that Spark lacks; see `ParquetSource`.
        options: Options of Spark's reader of Parquet.
    """

    def __init__(
        self,
        base_s3_path: str,
        source_schema_id: str,
        date_col: str = "_dt",
        select_cols: Sequence[str] | None = None,
        *,
        schema: str | None = None,
        file_pattern: str = PARQUET,
        convert: Convert | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if schema not in {None, UNION}:
            raise ConfigError(f"S3PublishedSource: schema={schema!r} is not known", hint='schema="union", or none')
        self.base_s3_path = base_s3_path
        self.source_schema_id = str(source_schema_id)
        self.date_col = date_col
        self.select_cols = list(select_cols) if select_cols else None
        self.schema = schema
        self.file_pattern = file_pattern
        self.convert = convert
        self.options = dict(options or {})
        self._conversion = Conversion(convert)
        self._found: dict[DateRange, SourceFiles] = {}

    def __repr__(self) -> str:
        pattern = None if self.file_pattern == PARQUET else self.file_pattern
        named = {"schema": self.schema, "file_pattern": pattern, "convert": self.convert, "options": self.options}
        return source_key(self, self.root, **named)

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
        self._found[dates] = SourceFiles(repr(self), [(self.root, files)], self._reading())
        return [item for objects in days.values() for item in objects]

    def _reading(self) -> Reading:
        options = {name.lower(): value for name, value in self.options.items()}
        return Reading(
            parquet_schema_reader(options),
            union=self.schema == UNION or str(options.get("mergeschema")).lower() == "true",
            only=self.select_cols,
            conversion=self._conversion,
            types={self.date_col: "date"},
        )

    def locations(self, dates: DateRange) -> list[str]:  # noqa: ARG002
        """Returns the folder of all days; see `Source.locations`."""
        return [self.root]

    def _objects(self, day: date) -> list[InputObject]:
        folder = self.folder(day)
        data = [item for item in storage_for(folder).walk(folder) if is_data(item.path, folder)]
        found = [item for item in data if matches_pattern(name_of(item.path), self.file_pattern)]
        others = unread_names([name_of(item.path) for item in data if item not in found], self.file_pattern)
        if found and others:
            LOG.warning("%r: %s has %s", self, name_of(folder), others)
        return [InputObject(item.path, item.size, item.etag) for item in found if self.is_pinned(item.path)]

    def _missing(self, dates: DateRange, missing: list[date]) -> MissingDataError:
        message = (
            f"no snapshot of {self.source_schema_id} for {date_list(missing)} "
            f"({len(missing)} of {format_count(len(dates.days()), 'day')} missing below {self.root}/)"
        )
        days = [day for day in self._published_days() if day not in map(str, missing)]
        between = " … ".join(dict.fromkeys([days[0], days[-1]])) if days else ""
        known = f"published there: {between} ({format_count(len(days), 'day')})" if days else None
        for folder in map(self.folder, missing):
            if contents := describe_contents(folder, self.file_pattern):
                found, advice = contents
                hint = "; ".join([advice, *([known] if known else [])])
                return MissingDataError(f"{message}\n  {name_of(folder)}/ has {found}", hint=hint)
        return MissingDataError(message, hint=known or self._hint_of_others(missing[0]))

    def _hint_of_others(self, day: date) -> str:
        others = storage_for(self.root).names(self.root)
        dated = [name.split("=")[0] for name in others if name.endswith(f"={day}")]
        if dated:
            return f'its days lie in folders `{dated[0]}=…`: date_col="{dated[0]}"'
        if others:
            return f"there are no folders `{self.date_col}=YYYY-MM-DD` in {self.root}/, but: {listing_of(others)}"
        return f"nothing is published below {self.root}/; is the path right?"

    def _published_days(self) -> list[str]:
        prefix = f"{self.date_col}="
        return sorted(
            name.removeprefix(prefix) for name in storage_for(self.root).folders(self.root) if name.startswith(prefix)
        )

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns the snapshots as one DataFrame; see `Source.read`."""
        if dates not in self._found:
            self.inputs(dates)
        frame = self._found[dates].frame(file_reader(spark, "parquet", {**CHECKED, **self.options}))
        if self.select_cols is None:
            return frame
        return select_columns(frame, [*self.select_cols, self.date_col], self.source_schema_id)
