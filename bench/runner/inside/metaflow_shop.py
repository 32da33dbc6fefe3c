"""The shop as a Metaflow flow. A step is a process; a Spark frame is no artifact, the path it was written to is."""

import os

import late
import transformations
from metaflow import FlowSpec, current, step
from pyspark.sql import DataFrame, SparkSession

DATA, OUT = os.environ["BENCH_DATA"], os.environ["BENCH_OUT"]


def write(frame: DataFrame) -> str:
    """Writes a step's frame and returns the path."""
    path = f"{OUT}/{current.run_id}/{current.step_name}"
    frame.write.mode("overwrite").parquet(path)
    return path


class ShopFlow(FlowSpec):
    """From orders to revenue."""

    @step
    def start(self) -> None:
        """Keeps the orders that count."""
        spark = SparkSession.builder.getOrCreate()
        self.orders_clean = write(transformations.orders_clean(spark.read.parquet(f"{DATA}/orders")))
        self.next(self.price)

    @step
    def price(self) -> None:
        """Keeps the orders with product and discount."""
        spark = SparkSession.builder.getOrCreate()
        products = spark.read.parquet(f"{DATA}/products").drop("_dt")
        self.orders_priced = write(transformations.orders_priced(spark.read.parquet(self.orders_clean), products))
        self.next(self.rank)

    @step
    def rank(self) -> None:
        """Keeps the orders among those of the same customer."""
        spark = SparkSession.builder.getOrCreate()
        self.orders_ranked = write(transformations.orders_ranked(spark.read.parquet(self.orders_priced)))
        self.next(self.end)

    @step
    def end(self) -> None:
        """Writes what was earned."""
        spark = SparkSession.builder.getOrCreate()
        late.revenue(spark.read.parquet(self.orders_ranked)).write.mode("overwrite").parquet(f"{OUT}/revenue")


if __name__ == "__main__":
    ShopFlow()
