"""The feature that both sides test, its rows, and what it has to return of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf
from spark_etl import ConfiguredSparkFeature, SparkFeature

TESTS = 30
DAY = date(2024, 2, 29)
ORDERS = [(number, f"c{number % 3}", float(number)) for number in range(12)]
REFUNDS = [(number, 1.0) for number in range(0, 12, 4)]
NET = [("c0", 17.0), ("c1", 21.0), ("c2", 25.0)]  # one of each fourth order is given back
ORDER_TYPES, REFUND_TYPES, NET_TYPES = (
    "id bigint, customer string, amount double",
    "id bigint, refund double",
    "customer string, net double",
)


class Net(SparkFeature):
    """What each customer has paid, without what was given back."""

    def __init__(self) -> None:
        self.sources = {"orders": ConfiguredSparkFeature(), "refunds": ConfiguredSparkFeature()}

    def transform(self, spark: Any, start_date: date, end_date: date, **sources: DataFrame) -> DataFrame:
        """Returns a row for each customer."""
        del spark, start_date, end_date
        joined = sources["orders"].join(sources["refunds"], "id", "left")
        net = joined.withColumn("net", sf.col("amount") - sf.coalesce("refund", sf.lit(0.0)))
        return net.groupBy("customer").agg(sf.sum("net").alias("net"))
