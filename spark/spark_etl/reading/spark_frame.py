"""A checkpoint as a Spark DataFrame, in a classic session or a Spark Connect one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spark_etl.manifest import Manifest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def as_frame(manifest: Manifest, paths: Sequence[str], session: SparkSession | None = None) -> DataFrame:
    """Returns the DataFrame over exactly the checkpoint's files, with the schema it was written with.

    Args:
        manifest: What the checkpoint is.
        paths: Its files.
        session: Whose DataFrame; the session of `spark_etl.spark()` if not given.
    """
    from pyspark.sql.types import StructType

    from spark_etl.sessions.notebook import spark

    used: Any = spark() if session is None else session
    schema = StructType.fromJson(manifest.spark_schema)
    frame: DataFrame = used.read.schema(schema).parquet(*paths) if paths else used.createDataFrame([], schema)
    return frame
