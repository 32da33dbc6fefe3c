"""The features of new_project: orders as they were delivered, and what each customer has paid."""

from __future__ import annotations

from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf
from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature

PUBLISHED = "s3a://published/new_project/"


class Orders(SparkFeature):
    """One row for each order: order_id, customer, status, amount_cents, _dt."""

    def __init__(self) -> None:
        self.sources = {"orders": S3PublishedSource(base_s3_path=PUBLISHED, source_schema_id="orders_v1")}

    def transform(self, spark: Any, start_date: date, end_date: date, **kwargs: Any) -> DataFrame:
        """Returns the snapshots of all days, as they are."""
        return kwargs["orders"]


class RevenueByCustomer(SparkFeature):
    """One row for each customer that has paid something: customer, orders, revenue_cents."""

    def __init__(self) -> None:
        self.sources = {"orders": ConfiguredSparkFeature()}

    def transform(self, spark: Any, start_date: date, end_date: date, **kwargs: Any) -> DataFrame:
        """Returns what was paid; a cancelled order is not."""
        paid = kwargs["orders"].where(sf.col("status") != "cancelled")
        return paid.groupBy("customer").agg(
            sf.count("order_id").alias("orders"), sf.sum("amount_cents").alias("revenue_cents")
        )
