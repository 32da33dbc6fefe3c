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
    Response: order_id, customer_id: string; plan: string and business_day: date, those of its first event; ordered:
    boolean, false if only refunds of it are in the run; charged, refunded, net: decimal(18,2) in US dollars, refunded
    not negative.
    """

    def __init__(self) -> None:
        self.sources = {"discounted_orders": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, discounted_orders: DataFrame
    ) -> DataFrame:
        """Returns one row per order."""
        charged, refund = F.col("charged"), F.col("event_type") == "refund"
        first = F.min(F.struct("event_time", "event_id", "plan", "business_day")).alias("first")
        netted = discounted_orders.groupBy("order_id", "customer_id").agg(
            first,
            F.bool_or(~refund).alias("ordered"),
            F.sum(F.when(refund, 0).otherwise(charged)).cast(MONEY).alias("charged"),
            F.sum(F.when(refund, -charged).otherwise(0)).cast(MONEY).alias("refunded"),
            F.sum(charged).cast(MONEY).alias("net"),
        )
        money = ["charged", "refunded", "net"]
        return netted.select("order_id", "customer_id", "first.plan", "first.business_day", "ordered", *money)


class RevenueByCustomerDay(SparkFeature):
    """Published: net revenue per customer and business day.

    Request: net_orders.
    Response: customer_id: string; business_day: date; orders: long; net: decimal(18,2) in US dollars, negative where
    refunds outweigh.
    """

    def __init__(self) -> None:
        self.sources = {"net_orders": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, net_orders: DataFrame) -> DataFrame:
        """Returns one row per customer and day."""
        return net_orders.groupBy("customer_id", "business_day").agg(
            F.count_if("ordered").alias("orders"), F.sum("net").cast(MONEY).alias("net")
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
            F.count_if("ordered").alias("orders"), F.count_distinct("customer_id").alias("customers"), *money
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
