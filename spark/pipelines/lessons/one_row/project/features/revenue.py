"""Revenue by till."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, SparkFeature


class RevenueByTill(SparkFeature):
    """Revenue per till.

    Request: parsed_receipts.
    Response: till: string; revenue: decimal(22,2).
    """

    def __init__(self) -> None:
        self.sources = {"parsed_receipts": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, parsed_receipts: DataFrame) -> DataFrame:
        """Returns a row for each till."""
        return parsed_receipts.groupBy("till").agg(F.sum("amount").alias("revenue"))
