"""The table that the shop gives us, as it is."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from spark_etl import ParquetSource, SparkFeature


class Orders(SparkFeature):
    """Orders, one row each.

    Response: order_id: bigint; country: string; channel: string, null where the shop does not know it; amount:
    decimal(12,2).

    Args:
        folder: Where the table lies.
    """

    def __init__(self, folder: str) -> None:
        self.sources = {"table": ParquetSource(f"{folder}/orders/")}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, table: DataFrame) -> DataFrame:
        """Returns the table."""
        return table
