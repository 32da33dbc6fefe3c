"""Publishes the shop's data: `generate.py ROWS`, the same content each time. Every twentieth order comes twice."""

import os
import sys

from pyspark.sql import SparkSession

PRODUCTS = 10_000
BYTES_OF_A_ROW = 100  # about what one takes as Parquet
FILE_BYTES = 64_000_000
ORDERS = """
    xxhash64(n, 1) as order_id,
    cast(pmod(xxhash64(n, 2), {customers}) as int) as customer_id,
    cast(pmod(xxhash64(n, 3), {products}) as int) as product_id,
    cast(pmod(xxhash64(n, 4), 11) as int) as quantity,
    timestamp_seconds(1709164800 - pmod(xxhash64(n, 5), 31536000)) as ordered_at,
    element_at(array('DE', 'FR', 'GB', 'IT', 'JP', 'US'), cast(pmod(xxhash64(n, 6), 6) + 1 as int)) as country,
    if(pmod(xxhash64(n, 7), 20) = 0, 'cancelled', 'paid') as status,
    element_at(array(null, null, 'SAVE5', 'SAVE10', 'SAVE20'), cast(pmod(xxhash64(n, 8), 5) + 1 as int)) as code,
    xxhash64(n, 9) as session_id,
    substring(sha2(cast(n as string), 256), 1, 56) as comment
"""
PRODUCT = """
    cast(id as int) as product_id,
    100 + pmod(xxhash64(id, 1), 20000) as price_cents,
    element_at(array('books', 'food', 'garden', 'music', 'toys'), cast(pmod(xxhash64(id, 2), 5) + 1 as int)) as category
"""


def main() -> None:
    """Writes orders and products below `$BENCH_DATA`."""
    rows, data = int(sys.argv[1]), os.environ["BENCH_DATA"]
    files = max(2, rows * BYTES_OF_A_ROW // FILE_BYTES)
    columns = ORDERS.format(customers=max(rows // 20, 1), products=PRODUCTS)
    spark = SparkSession.builder.getOrCreate()
    numbers = spark.range(0, rows, 1, files).selectExpr("id - if(id % 20 = 19, 1, 0) as n")
    numbers.selectExpr(*fields(columns)).write.mode("overwrite").parquet(f"{data}/orders/_dt=2024-02-29")
    products = spark.range(0, PRODUCTS, 1, 1).selectExpr(*fields(PRODUCT))
    products.write.mode("overwrite").parquet(f"{data}/products/_dt=2024-02-29")
    spark.stop()


def fields(columns: str) -> list[str]:
    """Returns the expressions, one a line."""
    return [line.strip().removesuffix(",") for line in columns.strip().splitlines()]


if __name__ == "__main__":
    main()
