"""The shop as a pipeline of this project's runner."""

import os

import late
import transformations
from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature

DATA = os.environ["BENCH_DATA"]


class Orders(SparkFeature):
    """The orders as they were published."""

    def __init__(self):
        self.sources = {"orders": S3PublishedSource(base_s3_path=DATA, source_schema_id="orders")}

    def transform(self, spark, start_date, end_date, orders):
        """Returns the snapshot."""
        return orders


class Products(SparkFeature):
    """The products as they were published."""

    def __init__(self):
        self.sources = {"products": S3PublishedSource(base_s3_path=DATA, source_schema_id="products")}

    def transform(self, spark, start_date, end_date, products):
        """Returns the snapshot without its day, which the orders have, too."""
        return products.drop("_dt")


class OrdersClean(SparkFeature):
    """See `transformations.orders_clean`."""

    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, orders):
        """Filters and removes duplicates."""
        return transformations.orders_clean(orders)


class OrdersPriced(SparkFeature):
    """See `transformations.orders_priced`."""

    def __init__(self):
        self.sources = {"orders_clean": ConfiguredSparkFeature(), "products": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, orders_clean, products):
        """Joins and discounts."""
        return transformations.orders_priced(orders_clean, products)


class OrdersRanked(SparkFeature):
    """See `transformations.orders_ranked`."""

    def __init__(self):
        self.sources = {"orders_priced": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, orders_priced):
        """Numbers the orders of a customer."""
        return transformations.orders_ranked(orders_priced)


class Revenue(SparkFeature):
    """See `late.revenue`."""

    def __init__(self):
        self.sources = {"orders_ranked": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, orders_ranked):
        """Adds up."""
        return late.revenue(orders_ranked)
