"""The table that the tills give us, as it is."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from spark_etl import ParquetSource, SparkFeature


class Receipts(SparkFeature):
    """Receipts, one row each.

    Response: receipt_id: bigint; till: string; total: string, as it was printed. What is paid back is printed as
    `(12.50)`.

    Args:
        folder: Where the table lies.
    """

    def __init__(self, folder: str) -> None:
        self.sources = {"table": ParquetSource(f"{folder}/receipts/")}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, table: DataFrame) -> DataFrame:
        """Returns the table."""
        return table
