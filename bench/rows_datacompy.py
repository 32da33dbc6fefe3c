"""Compares two folders of Parquet by datacompy on Spark, and prints its seconds. For a Python that has both.

python rows_datacompy.py FOLDER_A FOLDER_B KEY
"""

from __future__ import annotations

import sys
import time

from datacompy.spark import SparkSQLCompare
from pyspark.sql import SparkSession
from pyspark.sql.functions import unix_date, unix_micros


def main(a: str, b: str, key: str) -> None:
    """Compares once Spark is up, as a user's session is, and prints the seconds and how many rows have changed."""
    options = {"spark.driver.memory": "6g", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "8"}
    spark = SparkSession.builder.master("local[*]").config(map=options).getOrCreate()
    sides = [spark.read.parquet(folder) for folder in (a, b)]
    sides = [side.withColumns({"day": unix_date("day"), "at": unix_micros("at")}) for side in sides]  # it knows no days
    spark.range(1_000_000).selectExpr("sum(id)").collect()
    started = time.monotonic()
    found = SparkSQLCompare(spark, *sides, join_columns=[key])
    report = found.report()
    seconds = time.monotonic() - started
    print(seconds, len(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
