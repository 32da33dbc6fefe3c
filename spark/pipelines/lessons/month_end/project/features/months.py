"""Revenue by month."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, SparkFeature

ZONE = "Asia/Tokyo"  # the books follow the clock of the head office


class SalesByMonth(SparkFeature):
    """Sales with the month in which the books have them.

    Request: sales.
    Response: the columns of sales; month: string, `2024-02`.
    """

    def __init__(self) -> None:
        self.sources = {"sales": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, sales: DataFrame) -> DataFrame:
        """Returns the sales with the column `month`."""
        month = F.date_format(F.from_utc_timestamp("sold_at", ZONE), "yyyy-MM")
        return sales.select("sale_id", "sold_at", "amount", month.alias("month"))


class RevenueByMonth(SparkFeature):
    """Revenue per month.

    Request: sales_by_month.
    Response: month: string; revenue: decimal(22,2).
    """

    def __init__(self) -> None:
        self.sources = {"sales_by_month": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, sales_by_month: DataFrame) -> DataFrame:
        """Returns a row for each month."""
        return sales_by_month.groupBy("month").agg(F.sum("amount").alias("revenue"))
