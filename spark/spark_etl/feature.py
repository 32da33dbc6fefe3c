"""A feature: a node of the graph, like a web API with a request (its sources) and a response (its DataFrame)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from spark_etl.source import Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class ConfiguredSparkFeature:
    """Stands in `sources` for another feature of the same config.

    The key it stands under is both the alias of that feature and the keyword its DataFrame arrives as.
    """

    def __repr__(self) -> str:
        return "ConfiguredSparkFeature()"


def _copied(sources: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a copy, so that what one instance changes in it is not changed in another."""
    try:
        return copy.deepcopy(dict(sources))
    except Exception:  # noqa: BLE001 - a source of the user's own may hold what can't be copied, such as a lock
        return dict(sources)


class SparkFeature:
    """One DataFrame of a pipeline.

    A subclass sets `self.sources` in its `__init__`, or `sources` in its class, and returns its DataFrame from
    `transform`::

        class NetRevenue(SparkFeature):
            def __init__(self) -> None:
                self.sources = {"orders": ConfiguredSparkFeature(), "refunds": ConfiguredSparkFeature()}

            def transform(self, spark, start_date, end_date, orders, refunds):
                return orders.join(refunds, "order_id", "left")

    Attributes:
        alias: Its name in the graph: the key it stands under in the feature config.
        sources: Keyword → where the DataFrame of that keyword comes from.
        response: What its DataFrame promises: a `spark_etl.Response` or a model of pandera.pyspark; None for nothing.
    """

    alias: str = ""
    sources: Mapping[str, Source | ConfiguredSparkFeature]
    response: Any = None

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Returns an instance with sources of its own, where the class declares them."""
        feature = super().__new__(cls)
        declared = getattr(cls, "sources", None)
        if isinstance(declared, Mapping):
            object.__setattr__(feature, "sources", _copied(declared))  # a frozen dataclass refuses the usual way
        return feature

    def __init__(self) -> None:
        if not hasattr(self, "sources"):
            self.sources = {}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, **kwargs: Any) -> DataFrame:
        """Returns this feature's DataFrame.

        Args:
            spark: The session of the run.
            start_date: First day of the run.
            end_date: Last day of the run, included.
            **kwargs: The DataFrame of each source, under the source's name.
        """
        raise NotImplementedError(f"{type(self).__qualname__} has no transform()")
