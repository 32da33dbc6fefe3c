"""The revenue that finance gets."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, SparkFeature


class RevenueByDay(SparkFeature):
    """Revenue per day.

    Request: priced_orders.
    Response: ordered_on: date; revenue: decimal(22,2).
    """

    def __init__(self) -> None:
        self.sources = {"priced_orders": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, priced_orders: DataFrame) -> DataFrame:
        """Returns a row for each day."""
        return priced_orders.groupBy("ordered_on").agg(F.sum("charged").alias("revenue"))
