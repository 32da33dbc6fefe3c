"""Delta tables, at one version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError, MissingDataError
from spark_etl.source import InputObject, Source, select_columns, source_key
from spark_etl.sources.locations import nearby_hint
from spark_etl.storage import StoredObject, join, name_of, normalise, storage_for

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LOG_FOLDER = "_delta_log"
LOG_ENTRY = re.compile(r"(?P<version>\d{20})\.(?:json|checkpoint.*\.parquet)")
NO_DELTA_MESSAGES = (
    "DATA_SOURCE_NOT_FOUND",
    "Failed to find the data source",
    "io.delta",
    "DELTA_CONFIGURE_SPARK_SESSION",
)


class DeltaSource(Source):
    """A Delta table as it was when the run began: the version is looked up before Spark starts, and that one is read.

    Delta's classes are no part of Spark: the run needs them in `spark.jars.packages` or beside Spark's own jars.

    Args:
        path: The table's folder.
        version: Read this version instead of the newest.
        select_cols: Columns to keep; all if not given.
    """

    def __init__(self, path: str, *, version: int | None = None, select_cols: Sequence[str] | None = None) -> None:
        self.path = path
        self.version = version
        self.select_cols = list(select_cols) if select_cols else None
        self._found: tuple[int, StoredObject] | None = None

    def __repr__(self) -> str:
        return source_key(self, self.path, version=self.version, select_cols=self.select_cols)

    def inputs(self, dates: DateRange) -> list[InputObject]:  # noqa: ARG002 - a table has a version, not days
        """Returns the log entry that made this version: it identifies the content; see `Source.inputs`."""
        self._found = self._entry()
        entry = self._found[1]
        return [InputObject(entry.path, entry.size, entry.etag)]

    def locations(self, dates: DateRange) -> list[str]:  # noqa: ARG002
        """Returns the table's folder; see `Source.locations`."""
        return [self.path]

    def _entry(self) -> tuple[int, StoredObject]:
        table = normalise(self.path)
        folder = join(table, LOG_FOLDER)
        entries: dict[int, StoredObject] = {}
        for item in storage_for(folder).walk(folder):
            match = LOG_ENTRY.fullmatch(name_of(item.path))
            if match and (int(match["version"]) not in entries or item.path.endswith(".json")):
                entries[int(match["version"])] = item
        if not entries:
            found = storage_for(table).names(table)
            parquet_hint = f"in {table}/ there is no {LOG_FOLDER}: is it Parquet? ParquetSource reads that"
            raise MissingDataError(f"no Delta table at {table}", hint=parquet_hint if found else nearby_hint(table))
        known = [version for version, item in entries.items() if self.is_pinned(item.path)] or entries
        version = max(known) if self.version is None else self.version
        if version not in entries:
            raise MissingDataError(
                f"the Delta table {table} has no version {version}", hint=f"its log has {min(entries)} … {max(entries)}"
            )
        return version, entries[version]

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:  # noqa: ARG002
        """Returns the table at the version found; see `Source.read`."""
        version, _ = self._found or self._entry()
        try:
            frame = spark.read.format("delta").option("versionAsOf", version).load(normalise(self.path))
            _ = frame.columns  # through Spark Connect, only this asks
        except Exception as error:
            if any(text in str(error) for text in NO_DELTA_MESSAGES):
                raise _no_delta(error) from error
            raise
        return select_columns(frame, self.select_cols, repr(self))


def _no_delta(error: Exception) -> ConfigError:
    reason = " ".join(str(error).split())[:160]
    return ConfigError(
        "this Spark can't read Delta tables: the jar io.delta:delta-spark is missing, or its extension is not set "
        f"({reason})",
        hint="under `spark:` in the config: `spark.jars.packages: io.delta:delta-spark_2.13:VERSION` (the version made "
        "for this Spark), `spark.sql.extensions: io.delta.sql.DeltaSparkSessionExtension`, "
        "`spark.sql.catalog.spark_catalog: org.apache.spark.sql.delta.catalog.DeltaCatalog`",
    )
