"""Amounts out of printed text."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from pyspark.sql.types import DecimalType
from spark_etl import ConfiguredSparkFeature, SparkFeature


def parse_total(text):  # type: ignore[no-untyped-def] - Spark reads hints as the kind of a UDF, and warns
    """Returns the amount of a printed total."""
    if text.startswith("("):
        return -Decimal(text[1:-1])
    return Decimal(text)


class ParsedReceipts(SparkFeature):
    """Receipts with their amount as a number.

    Request: receipts.
    Response: the columns of receipts; amount: decimal(12,2), negative for what is paid back.
    """

    def __init__(self) -> None:
        self.sources = {"receipts": ConfiguredSparkFeature()}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, receipts: DataFrame) -> DataFrame:
        """Returns the receipts with the column `amount`."""
        parse = F.udf(parse_total, DecimalType(12, 2))
        return receipts.withColumn("amount", parse("total"))
