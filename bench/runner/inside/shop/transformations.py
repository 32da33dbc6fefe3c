"""The shop's transformations: plain functions of DataFrames, the same ones for every contestant."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from pyspark.sql.types import IntegerType


@F.udf(IntegerType())
def discount_percent(code, quantity, category):
    """Returns the discount of an order line: the kind of rule that nobody has written in SQL."""
    volume = 15 if quantity >= 8 else 5 if quantity >= 4 else 0
    voucher = int(code.removeprefix("SAVE")) if code and code.startswith("SAVE") else 0
    return min(max(volume, voucher), 10 if category in {"books", "food"} else 40)


def orders_clean(orders: DataFrame) -> DataFrame:
    """Returns the orders that count, each once."""
    return orders.where("status <> 'cancelled' and quantity > 0").dropDuplicates(["order_id"])


def orders_priced(orders_clean: DataFrame, products: DataFrame) -> DataFrame:
    """Returns the orders with product, discount and what they earn."""
    joined = orders_clean.join(F.broadcast(products), "product_id")
    discounted = joined.withColumn("discount", discount_percent("code", "quantity", "category"))
    return discounted.withColumn("net_cents", F.expr("price_cents * quantity * (100 - discount) div 100"))


def orders_ranked(orders_priced: DataFrame) -> DataFrame:
    """Returns the orders with their place among those of the same customer."""
    history = Window.partitionBy("customer_id").orderBy("ordered_at", "order_id")
    return (
        orders_priced.withColumn("nth_order", F.row_number().over(history))
        .withColumn("earned_so_far", F.sum("net_cents").over(history))
        .withColumn("ordered_before", F.lag("ordered_at").over(history))
    )
