"""The tables that other teams give us, as they are."""

from __future__ import annotations

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from spark_etl import ParquetSource, SparkFeature


class Table(SparkFeature):
    """A table as it is.

    Args:
        folder: Where the tables lie.
    """

    name = ""

    def __init__(self, folder: str) -> None:
        self.sources = {"table": ParquetSource(f"{folder}/{self.name}/")}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, **kwargs: Any) -> DataFrame:
        """Returns the table."""
        return kwargs["table"]


class Orders(Table):
    """Orders, one row each.

    Response: order_id: bigint; customer_id: string; ordered_on: date; amount: decimal(12,2), before the discount.
    """

    name = "orders"


class Customers(Table):
    """Discounts, with their history: a change ends the row before and begins a new one.

    Response: customer_id: string; discount: decimal(4,2), 0.10 for ten percent; valid_from: date, the first day;
    valid_to: date, the day after the last.
    """

    name = "customers"
