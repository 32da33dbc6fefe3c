"""What an order is worth after its discount."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from pyspark.sql.types import DecimalType
from spark_etl import ConfiguredSparkFeature, SparkFeature

MONEY = DecimalType(12, 2)


class PricedOrders(SparkFeature):
    """Orders with what is charged for them.

    Request: orders; customers.
    Response: the columns of orders; charged: decimal(12,2).
    """

    def __init__(self) -> None:
        self.sources = {"orders": ConfiguredSparkFeature(), "customers": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, orders: DataFrame, customers: DataFrame
    ) -> DataFrame:
        """Returns the orders with the column `charged`."""
        same = orders["customer_id"] == customers["customer_id"]
        valid = (orders["ordered_on"] >= customers["valid_from"]) & (orders["ordered_on"] < customers["valid_to"])
        joined = orders.join(customers, same & valid)
        charged = F.round(F.col("amount") * (1 - F.col("discount")), 2).cast(MONEY)
        return joined.select(
            orders["order_id"], orders["customer_id"], "ordered_on", "amount", charged.alias("charged")
        )
