"""Revenue by country."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, SparkFeature


class CountableOrders(SparkFeature):
    """The orders that count as revenue: all but those with the channel `internal`.

    Request: orders.
    Response: the columns of orders.
    """

    def __init__(self) -> None:
        self.sources = {"orders": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, orders: DataFrame) -> DataFrame:
        """Returns the orders that count."""
        return orders.where(~F.col("channel").eqNullSafe("internal"))


class RevenueByCountry(SparkFeature):
    """Revenue per country.

    Request: countable_orders.
    Response: country: string; revenue: decimal(22,2).
    """

    def __init__(self) -> None:
        self.sources = {"countable_orders": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, countable_orders: DataFrame
    ) -> DataFrame:
        """Returns a row for each country."""
        return countable_orders.groupBy("country").agg(F.sum("amount").alias("revenue"))
