"""What an order is worth: in one currency, and after discounts."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from pyspark.sql.types import DecimalType
from spark_etl import ConfiguredSparkFeature, SparkFeature

from .discount_rules import discounted


class OrdersInUsd(SparkFeature):
    """Orders with their amount in US dollars, at the rate of the day they were ingested.

    Request: orders_clean; exchange_rates.
    Response: the columns of orders_clean; usd: decimal(14,2).
    """

    def __init__(self) -> None:
        self.sources = {"orders_clean": ConfiguredSparkFeature(), "exchange_rates": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, orders_clean: DataFrame, exchange_rates: DataFrame
    ) -> DataFrame:
        """Returns the orders in US dollars."""
        rates = F.broadcast(exchange_rates.select("currency", "_dt", "usd_per_unit"))
        usd = F.round(F.col("amount") * F.col("usd_per_unit"), 2).cast("decimal(14,2)")
        joined = orders_clean.join(rates, ["currency", "_dt"])
        return joined.select(*orders_clean.columns, usd.alias("usd"))


class DiscountedOrders(SparkFeature):
    """Orders after their customer's discounts; a refund gives back what the order had cost.

    Request: orders_with_contract; discounts.
    Response: the columns of orders_with_contract; charged: decimal(14,2) in US dollars, negative for a refund.
    """

    def __init__(self) -> None:
        self.sources = {"orders_with_contract": ConfiguredSparkFeature(), "discounts": ConfiguredSparkFeature()}

    def transform(
        self,
        spark: SparkSession,
        start_date: date,
        end_date: date,
        orders_with_contract: DataFrame,
        discounts: DataFrame,
    ) -> DataFrame:
        """Returns the orders with what was charged."""
        granted = F.collect_list(F.struct("kind", "percent", "stackable")).alias("granted")
        per_customer = F.broadcast(discounts.groupBy("customer_id", "_dt").agg(granted))
        sign = F.when(F.col("event_type") == "refund", -1).otherwise(1)
        return (
            orders_with_contract.join(per_customer, ["customer_id", "_dt"], "left")
            .withColumn("charged", (sign * charge("usd", "granted")).cast("decimal(14,2)"))
            .select(*orders_with_contract.columns, "charged")
        )


def _charge(usd, granted):  # type: ignore[no-untyped-def]
    return discounted(usd, [(row.kind, row.percent, row.stackable) for row in granted or []])


charge = F.udf(_charge, DecimalType(14, 2))
