"""Spark's reader for exactly the files that a source has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_etl.storage.paths import exactly

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.sources.frames import Read

CHECKED = {"parquet.page.verify-checksum.enabled": True}  # where pages have checksums, as those that Spark writes


def file_reader(spark: SparkSession, kind: str, options: Mapping[str, Any], declared: str | None = None) -> Read:
    """Returns what makes a DataFrame of files, and of no others.

    Args:
        spark: The session.
        kind: The format.
        options: Those of Spark's reader. Its own union of Parquet's schemas is not used: it refuses `int` and `bigint`.
        declared: The schema to read files with that are read without another.
    """
    left_out = {"basepath", "mergeschema"} if kind == "parquet" else {"basepath"}
    usual = {name: value for name, value in options.items() if name.lower() not in left_out}

    def read(schema: Any, base: str | None, paths: Sequence[str]) -> DataFrame:
        reader = spark.read.format(kind).options(**usual)
        if kind == "parquet":
            reader = reader.option("mergeSchema", False)
        if base is not None:
            reader = reader.option("basePath", base)
        known = declared if schema is None else schema
        return (reader if known is None else reader.schema(known)).load([exactly(path) for path in paths])

    return read
