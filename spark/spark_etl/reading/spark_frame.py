"""A checkpoint as a Spark DataFrame, in a classic session or a Spark Connect one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spark_etl.storage.paths import exactly
from spark_etl.store import Manifest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def as_frame(manifest: Manifest, folder: str, paths: Sequence[str], session: SparkSession | None = None) -> DataFrame:
    """Returns the DataFrame over exactly the checkpoint's files; its schema is the one written, so no footer is read.

    Args:
        manifest: What the checkpoint is.
        folder: Where its manifest lies.
        paths: Its files.
        session: Whose DataFrame; the session of `spark_etl.spark()` if not given.
    """
    from pyspark.sql.types import StructType

    used: Any = session
    if used is None:
        from spark_etl.sessions.notebook import spark

        used = spark()
    schema = StructType.fromJson(manifest.spark_schema)
    if not paths:
        empty: DataFrame = used.createDataFrame([], schema)
        return empty
    reader = used.read.schema(schema)
    if manifest.partitions:  # which Spark finds below that folder, and puts last
        reader = reader.option("basePath", f"{manifest.files_folder(folder)}/")
    frame: DataFrame = reader.parquet(*map(exactly, paths))
    return in_order(frame) if manifest.ordered else frame


def in_order(frame: DataFrame) -> DataFrame:
    """Returns a DataFrame over a checkpoint's files with its rows in the order they were written in.

    Spark reads the largest file first. The order is a sort by position, not the order of the reads, so that Spark
    leaves it out where it does not matter, and that what is computed from it is known to be sorted too.
    """
    place = frame.metadataColumn("_metadata")
    return frame.orderBy(place["file_name"], place["row_index"])
