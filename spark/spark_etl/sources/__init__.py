"""Where the DataFrames at the edge of a graph come from."""

from spark_etl.source import InputObject, Source
from spark_etl.sources.checkpoint import CheckpointSource
from spark_etl.sources.delta import DeltaSource
from spark_etl.sources.files import ParquetSource
from spark_etl.sources.jdbc import JdbcPartitioning, JdbcSource
from spark_etl.sources.published import S3PublishedSource
from spark_etl.sources.text_files import CsvSource, JsonSource

__all__ = [
    "CheckpointSource",
    "CsvSource",
    "DeltaSource",
    "InputObject",
    "JdbcPartitioning",
    "JdbcSource",
    "JsonSource",
    "ParquetSource",
    "S3PublishedSource",
    "Source",
]
