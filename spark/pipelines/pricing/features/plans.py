"""Orders by the plan of their customer."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, SparkFeature


class WithPlan(SparkFeature):
    """Each order with the plan of its customer, `none` if there is no contract.

    Request: priced; contracts.
    Response: the columns of priced; plan: string.
    """

    def __init__(self) -> None:
        self.sources = {"priced": ConfiguredSparkFeature(), "contracts": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, priced: DataFrame, contracts: DataFrame
    ) -> DataFrame:
        """Returns the orders with the column `plan`."""
        plans = contracts.select("customer_id", "plan")
        return priced.join(plans, "customer_id", "left").fillna("none", ["plan"])


class ByPlan(SparkFeature):
    """Revenue of each plan.

    Request: with_plan.
    Response: plan: string; orders: long; charged: decimal.
    """

    def __init__(self) -> None:
        self.sources = {"with_plan": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, with_plan: DataFrame) -> DataFrame:
        """Returns one row for each plan."""
        return with_plan.groupBy("plan").agg(F.count("*").alias("orders"), F.sum("charged").alias("charged"))
