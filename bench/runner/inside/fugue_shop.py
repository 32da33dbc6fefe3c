"""The shop with Fugue: `fugue_shop.py run|look`; deterministic checkpoints are found again by the next run."""

import os
import sys

import fugue.api as fa
import late
import transformations
from fugue import FugueWorkflow
from pyspark.sql import DataFrame, SparkSession

DATA, OUT = os.environ["BENCH_DATA"], os.environ["BENCH_OUT"]


def priced(orders_clean: DataFrame, products: DataFrame) -> DataFrame:
    """Returns the orders with product and discount; the products' day is the orders' own."""
    return transformations.orders_priced(orders_clean, products.drop("_dt"))


def run(spark: SparkSession) -> None:
    """Runs what has not been kept yet."""
    flow = FugueWorkflow()
    orders, products = flow.load(f"{DATA}/orders", fmt="parquet"), flow.load(f"{DATA}/products", fmt="parquet")
    clean = orders.process(transformations.orders_clean).deterministic_checkpoint()
    both = flow.process(clean, products, using=priced).deterministic_checkpoint()
    ranked = both.process(transformations.orders_ranked).deterministic_checkpoint()
    ranked.yield_file_as("ranked")
    ranked.process(late.revenue).save(f"{OUT}/revenue", fmt="parquet", mode="overwrite")
    flow.run(spark, {"fugue.workflow.checkpoint.path": OUT})
    print("RANKED", flow.yields["ranked"].name, flush=True)


def look(spark: SparkSession) -> None:
    """Shows the first rows of the third frame; Fugue names its files by hashes, so the caller has to tell which."""
    fa.show(fa.load(os.environ["BENCH_RANKED"], format_hint="parquet", engine=spark), n=10)
    print("READY", flush=True)


if __name__ == "__main__":
    # Fugue takes `s3a://` apart with fsspec, which puts it together again as `s3://`.
    s3 = {"spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem"}
    session = SparkSession.builder.appName("fugue").config(map=s3).getOrCreate()
    {"run": run, "look": look}[sys.argv[1]](session)
    session.stop()
