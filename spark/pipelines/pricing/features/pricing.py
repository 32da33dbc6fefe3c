"""What orders cost."""

from __future__ import annotations

import os
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature

MONEY = "decimal(14,2)"


class Snapshot(SparkFeature):
    """A table that another team publishes, as it is.

    Args:
        name: Of the table.
    """

    def __init__(self, name: str) -> None:
        base = os.environ.get("SANDBOX_PUBLISHED", "s3a://published/")
        self.sources = {"published": S3PublishedSource(base, name)}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, published: DataFrame) -> DataFrame:
        """Returns the table."""
        return published


class UsOrders(SparkFeature):
    """Orders in US dollars, each once.

    Request: orders.
    Response: event_id, customer_id: string; amount: decimal(14,2), US dollars.
    """

    def __init__(self) -> None:
        self.sources = {"orders": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, orders: DataFrame) -> DataFrame:
        """Returns the orders that were paid in US dollars."""
        dollars = orders.where("event_type = 'order' and currency = 'USD' and amount is not null")
        return dollars.select("event_id", "customer_id", "amount").distinct()


class Priced(SparkFeature):
    """Each order after the customer's best discount.

    Args:
        volume_from: A volume discount is for orders of so many US dollars or more.

    Request: us_orders; discounts.
    Response: the columns of us_orders; charged: decimal(14,2), US dollars.
    """

    def __init__(self, volume_from: int) -> None:
        self.volume_from = volume_from
        self.sources = {"us_orders": ConfiguredSparkFeature(), "discounts": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, us_orders: DataFrame, discounts: DataFrame
    ) -> DataFrame:
        """Returns the orders with the column `charged`."""
        volume, large = F.col("kind") == "volume", F.col("amount") >= self.volume_from
        best = discounts.groupBy("customer_id").agg(
            F.max(F.when(~volume, F.col("percent"))).alias("always"),
            F.max(F.when(volume, F.col("percent"))).alias("volume"),
        )
        percent = F.coalesce(F.greatest("always", F.when(large, F.col("volume"))), F.lit(0))
        charged = (F.col("amount") * (100 - percent) / 100).cast(MONEY)
        return us_orders.join(best, "customer_id", "left").select(*us_orders.columns, charged.alias("charged"))
