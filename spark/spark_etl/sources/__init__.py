"""Where the DataFrames at the edge of a graph come from."""

from spark_etl.sources.base import InputObject, Source
from spark_etl.sources.checkpoint import CheckpointSource
from spark_etl.sources.delta import DeltaSource
from spark_etl.sources.files import CsvSource, JsonSource, ParquetSource
from spark_etl.sources.jdbc import JdbcSource, Parts
from spark_etl.sources.published import S3PublishedSource

__all__ = [
    "CheckpointSource",
    "CsvSource",
    "DeltaSource",
    "InputObject",
    "JdbcSource",
    "JsonSource",
    "ParquetSource",
    "Parts",
    "S3PublishedSource",
    "Source",
]
