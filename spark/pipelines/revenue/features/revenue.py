"""What is reported."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, SparkFeature

TOP = 100
MONEY = "decimal(18,2)"


class NetOrders(SparkFeature):
    """Orders with their refunds taken off.

    Request: discounted_orders.
    Response: order_id, customer_id, plan: string; business_day: date, the first of its events'; charged, refunded, net:
    decimal(18,2) in US dollars, refunded not negative.
    """

    def __init__(self) -> None:
        self.sources = {"discounted_orders": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, discounted_orders: DataFrame
    ) -> DataFrame:
        """Returns one row per order."""
        charged = F.col("charged")
        return discounted_orders.groupBy("order_id", "customer_id", "plan").agg(
            F.min("business_day").alias("business_day"),
            F.sum(F.when(charged > 0, charged).otherwise(0)).cast(MONEY).alias("charged"),
            F.sum(F.when(charged < 0, -charged).otherwise(0)).cast(MONEY).alias("refunded"),
            F.sum(charged).cast(MONEY).alias("net"),
        )


class RevenueByCustomerDay(SparkFeature):
    """Published: net revenue per customer and business day.

    Request: net_orders.
    Response: customer_id: string; business_day: date; orders: long; net: decimal(18,2) in US dollars.
    """

    def __init__(self) -> None:
        self.sources = {"net_orders": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, net_orders: DataFrame) -> DataFrame:
        """Returns one row per customer and day."""
        return net_orders.groupBy("customer_id", "business_day").agg(
            F.count("*").alias("orders"), F.sum("net").cast(MONEY).alias("net")
        )


class RevenueByPlan(SparkFeature):
    """Published: revenue per plan and business day.

    Request: net_orders.
    Response: plan: string; business_day: date; orders, customers: long; charged, refunded, net: decimal(18,2) in US
    dollars.
    """

    def __init__(self) -> None:
        self.sources = {"net_orders": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, net_orders: DataFrame) -> DataFrame:
        """Returns one row per plan and day."""
        money = [F.sum(name).cast(MONEY).alias(name) for name in ("charged", "refunded", "net")]
        return net_orders.groupBy("plan", "business_day").agg(
            F.count("*").alias("orders"), F.count_distinct("customer_id").alias("customers"), *money
        )


class TopCustomers(SparkFeature):
    """Published: the customers who brought most, with their share of all revenue.

    Request: revenue_by_customer_day.
    Response: rank: int, from 1; customer_id: string; net: decimal(18,2) in US dollars; share: double, of all revenue.
    """

    def __init__(self) -> None:
        self.sources = {"revenue_by_customer_day": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, revenue_by_customer_day: DataFrame
    ) -> DataFrame:
        """Returns at most TOP customers."""
        per_customer = revenue_by_customer_day.groupBy("customer_id").agg(F.sum("net").cast(MONEY).alias("net"))
        top = per_customer.orderBy(F.desc("net"), "customer_id").limit(TOP)
        total = per_customer.agg(F.sum("net").alias("total"))
        # A window over all rows would number them too, but warns that it can't be split; these are TOP rows at most.
        row = F.struct((-F.col("net")).alias("order"), "customer_id", "net")
        ranked = top.agg(F.sort_array(F.collect_list(row)).alias("rows")).select(
            F.posexplode("rows").alias("at", "row")
        )
        share = (F.col("row.net") / F.col("total")).cast("double")
        columns = [(F.col("at") + 1).alias("rank"), "row.customer_id", "row.net", share.alias("share")]
        return ranked.crossJoin(total).select(*columns)
