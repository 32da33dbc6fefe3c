"""Features, checkpoints and a runner for Spark pipelines that are debugged after the fact.

In a pipeline::

    from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature

In a notebook::

    from spark_etl import runs
    runs.latest("revenue")["orders"].head()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spark_etl.feature import ConfiguredSparkFeature as ConfiguredSparkFeature
    from spark_etl.feature import SparkFeature as SparkFeature
    from spark_etl.reading import runs as runs
    from spark_etl.response import Response as Response
    from spark_etl.sessions.notebook import spark as spark
    from spark_etl.source import InputObject as InputObject
    from spark_etl.source import Source as Source
    from spark_etl.sources import CheckpointSource as CheckpointSource
    from spark_etl.sources import CsvSource as CsvSource
    from spark_etl.sources import DeltaSource as DeltaSource
    from spark_etl.sources import JdbcPartitioning as JdbcPartitioning
    from spark_etl.sources import JdbcSource as JdbcSource
    from spark_etl.sources import JsonSource as JsonSource
    from spark_etl.sources import ParquetSource as ParquetSource
    from spark_etl.sources import S3PublishedSource as S3PublishedSource

_HOMES = {
    "CheckpointSource": ("spark_etl.sources", "CheckpointSource"),
    "ConfiguredSparkFeature": ("spark_etl.feature", "ConfiguredSparkFeature"),
    "CsvSource": ("spark_etl.sources", "CsvSource"),
    "DeltaSource": ("spark_etl.sources", "DeltaSource"),
    "InputObject": ("spark_etl.source", "InputObject"),
    "JdbcPartitioning": ("spark_etl.sources", "JdbcPartitioning"),
    "JdbcSource": ("spark_etl.sources", "JdbcSource"),
    "JsonSource": ("spark_etl.sources", "JsonSource"),
    "ParquetSource": ("spark_etl.sources", "ParquetSource"),
    "Response": ("spark_etl.response", "Response"),
    "S3PublishedSource": ("spark_etl.sources", "S3PublishedSource"),
    "Source": ("spark_etl.source", "Source"),
    "SparkFeature": ("spark_etl.feature", "SparkFeature"),
    "runs": ("spark_etl.reading", "runs"),
    "spark": ("spark_etl.sessions.notebook", "spark"),
}
_RENAMED = {"Parts": "JdbcPartitioning(column, lower, upper, partitions)"}
__all__ = [
    "CheckpointSource",
    "ConfiguredSparkFeature",
    "CsvSource",
    "DeltaSource",
    "InputObject",
    "JdbcPartitioning",
    "JdbcSource",
    "JsonSource",
    "ParquetSource",
    "Response",
    "S3PublishedSource",
    "Source",
    "SparkFeature",
    "runs",
    "spark",
]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for: a reader needs no graph, an executor no reader."""
    if name in _RENAMED:
        raise AttributeError(f"{__name__}.{name} is called {_RENAMED[name]} now; see CHANGELOG.md")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
