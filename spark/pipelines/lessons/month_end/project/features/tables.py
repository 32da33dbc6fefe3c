"""The table that the shops give us, as it is."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from spark_etl import ParquetSource, SparkFeature


class Sales(SparkFeature):
    """Sales of all shops.

    Response: sale_id: bigint; sold_at: timestamp, in UTC; amount: decimal(12,2).

    Args:
        folder: Where the table lies.
    """

    def __init__(self, folder: str) -> None:
        self.sources = {"table": ParquetSource(f"{folder}/sales/")}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, table: DataFrame) -> DataFrame:
        """Returns the table."""
        return table
