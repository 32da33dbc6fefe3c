"""The nodes; what ends in `_kept` is written and read back by the catalog."""

import late
import transformations
from kedro.pipeline import Pipeline, node, pipeline


def priced(orders_clean, products):
    """Returns the orders with product and discount; the products' day is the orders' own."""
    return transformations.orders_priced(orders_clean, products.drop("_dt"))


def register_pipelines() -> dict[str, Pipeline]:
    """Returns the only pipeline."""
    nodes = [
        node(transformations.orders_clean, "orders", "orders_clean_kept", name="orders_clean"),
        node(priced, ["orders_clean_kept", "products"], "orders_priced_kept", name="orders_priced"),
        node(transformations.orders_ranked, "orders_priced_kept", "orders_ranked_kept", name="orders_ranked"),
        node(late.revenue, "orders_ranked_kept", "revenue_kept", name="revenue"),
    ]
    return {"__default__": pipeline(nodes)}
