"""Where the DataFrames at the edge of a graph come from."""

from spark_etl.sources.base import InputObject, Source
from spark_etl.sources.published import S3PublishedSource

__all__ = ["InputObject", "S3PublishedSource", "Source"]
