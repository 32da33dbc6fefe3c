"""The shop with Hamilton: `hamilton_shop.py all|resume|look`.

Hamilton has no saver for PySpark's frames, and its cache doesn't hold them: a function that is to be kept writes its
frame and reads it back itself, and what a resumed run takes from before is given to the driver as overrides.
"""

import os
import sys

import late
import transformations
from hamilton import driver
from pyspark.sql import DataFrame, SparkSession

DATA, OUT = os.environ["BENCH_DATA"], os.environ["BENCH_OUT"]


def orders(spark: SparkSession) -> DataFrame:
    """The orders as they were published."""
    return spark.read.parquet(f"{DATA}/orders")


def products(spark: SparkSession) -> DataFrame:
    """The products as they were published."""
    return spark.read.parquet(f"{DATA}/products").drop("_dt")


def orders_clean(orders: DataFrame, spark: SparkSession) -> DataFrame:
    """The orders that count, kept."""
    return _write_and_read_back(spark, transformations.orders_clean(orders), "orders_clean")


def orders_priced(orders_clean: DataFrame, products: DataFrame, spark: SparkSession) -> DataFrame:
    """The orders with product and discount, kept."""
    return _write_and_read_back(spark, transformations.orders_priced(orders_clean, products), "orders_priced")


def orders_ranked(orders_priced: DataFrame, spark: SparkSession) -> DataFrame:
    """The orders among those of the same customer, kept."""
    return _write_and_read_back(spark, transformations.orders_ranked(orders_priced), "orders_ranked")


def revenue(orders_ranked: DataFrame) -> str:
    """The path of what was earned."""
    late.revenue(orders_ranked).write.mode("overwrite").parquet(f"{OUT}/revenue")
    return f"{OUT}/revenue"


def _write_and_read_back(spark: SparkSession, frame: DataFrame, name: str) -> DataFrame:
    frame.write.mode("overwrite").parquet(f"{OUT}/{name}")
    return spark.read.parquet(f"{OUT}/{name}")


def main(way: str) -> None:
    """Runs all, or what is left, or shows the third frame."""
    spark = SparkSession.builder.appName("hamilton").getOrCreate()
    shop = driver.Builder().with_modules(sys.modules[__name__]).build()
    before = {} if way == "all" else {"orders_ranked": spark.read.parquet(f"{OUT}/orders_ranked")}
    target = "orders_ranked" if way == "look" else "revenue"
    found = shop.execute([target], inputs={"spark": spark}, overrides=before)
    if way == "look":
        found["orders_ranked"].show(10)
        print("READY", flush=True)
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
