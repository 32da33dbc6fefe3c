"""What an order is worth: in one currency, and after discounts."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from pyspark.sql.types import DecimalType
from spark_etl import ConfiguredSparkFeature, SparkFeature

from .discount_rules import discounted

USD = DecimalType(14, 2)


class OrdersInUsd(SparkFeature):
    """Orders with their amount in US dollars, at the rate of the day they were ingested.

    Request: orders_clean; exchange_rates.
    Response: the columns of orders_clean; usd: decimal(14,2) in US dollars.

    An order in a currency without a rate on that day fails the run: left out, it would be missing from the revenue,
    and no one would notice.
    """

    def __init__(self) -> None:
        self.sources = {"orders_clean": ConfiguredSparkFeature(), "exchange_rates": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, orders_clean: DataFrame, exchange_rates: DataFrame
    ) -> DataFrame:
        """Returns the orders in US dollars."""
        rates = F.broadcast(exchange_rates.select("currency", "_dt", "usd_per_unit"))
        joined = orders_clean.join(rates, ["currency", "_dt"], "left")
        without = F.raise_error(
            F.format_string("no exchange rate for %s on %s", "currency", F.col("_dt").cast("string"))
        )
        usd = F.round(F.col("amount") * F.coalesce("usd_per_unit", without), 2).cast(USD)
        return joined.select(*orders_clean.columns, usd.alias("usd"))


class DiscountedOrders(SparkFeature):
    """Orders after their customer's discounts; a refund gives back by the same rules, at the rate of its own day.

    Request: orders_with_contract; discounts.
    Response: the columns of orders_with_contract; charged: decimal(14,2) in US dollars, negative for a refund.

    How discounts add up is plain Python (discount_rules.py), run on the executors as a UDF. A customer's discounts are
    joined as one array, so that there still is one row per event.
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
            .withColumn("charged", (sign * charge("usd", "granted")).cast(USD))
            .select(*orders_with_contract.columns, "charged")
        )


def _charge(usd, granted):  # type: ignore[no-untyped-def] - Spark reads hints as the kind of a UDF, and warns
    return discounted(usd, [(row.kind, row.percent, row.stackable) for row in granted or []])


charge = F.udf(_charge, USD)
