"""From events as they came in to events that count once."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, SparkFeature


class OrdersClean(SparkFeature):
    """Each event once, as it was first ingested, and only if it says how much of which currency.

    Request: orders.
    Response: the columns of orders; amount and currency are never null; event_id is unique; late: boolean, ingested on
    a later UTC day than it happened.
    """

    def __init__(self) -> None:
        self.sources = {"orders": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, orders: DataFrame) -> DataFrame:
        """Returns the clean events."""
        first = Window.partitionBy("event_id").orderBy("ingested_at", "_dt")
        return (
            orders.where(F.col("amount").isNotNull() & F.col("currency").isNotNull())
            .withColumn("copy", F.row_number().over(first))
            .where("copy = 1")
            .drop("copy")
            .withColumn("late", F.to_date("event_time") < F.to_date("ingested_at"))
        )
