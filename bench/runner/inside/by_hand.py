"""The shop in plain PySpark: `by_hand.py plain|naive|read-back|late`; writes below `$BENCH_OUT`."""

import os
import sys

import late
import transformations
from pyspark.sql import DataFrame, SparkSession

DATA, OUT = os.environ["BENCH_DATA"], os.environ["BENCH_OUT"]


def main(way: str) -> None:
    """Computes the revenue, and keeps the three frames before it in the way asked for."""
    spark = SparkSession.builder.appName("shop").getOrCreate()

    def write_and_read_back(frame: DataFrame, name: str) -> DataFrame:
        if way == "plain":
            return frame
        frame.write.parquet(f"{OUT}/{name}")
        return frame if way == "naive" else spark.read.parquet(f"{OUT}/{name}")

    if way == "late":
        ranked = spark.read.parquet(os.environ["BENCH_RANKED"])
    else:
        orders = spark.read.parquet(f"{DATA}/orders")
        products = spark.read.parquet(f"{DATA}/products").drop("_dt")
        clean = write_and_read_back(transformations.orders_clean(orders), "orders_clean")
        priced = write_and_read_back(transformations.orders_priced(clean, products), "orders_priced")
        ranked = write_and_read_back(transformations.orders_ranked(priced), "orders_ranked")
    late.revenue(ranked).write.parquet(f"{OUT}/revenue")
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
