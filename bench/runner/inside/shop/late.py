"""The last feature: the one that a typing error breaks (see `BROKEN` in bench/runner/contest.py)."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it


def revenue(orders_ranked: DataFrame) -> DataFrame:
    """Returns what was earned by day, country and category, and how much of it with new customers."""
    first = F.when(F.col("nth_order") == 1, F.col("net_cents"))
    return orders_ranked.groupBy(F.to_date("ordered_at").alias("day"), "country", "category").agg(
        F.count("*").alias("orders"), F.sum("net_cents").alias("cents"), F.sum(first).alias("cents_of_new")
    )
