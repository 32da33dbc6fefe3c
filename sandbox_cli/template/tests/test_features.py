"""The features on a few rows, on a local Spark, without Docker."""

from spark_etl.testing import assert_frames_equal

from new_project.features import RevenueByCustomer

ORDERS = [
    {"order_id": 1, "customer": "ada", "status": "paid", "amount_cents": 1000},
    {"order_id": 2, "customer": "ada", "status": "paid", "amount_cents": 250},
    {"order_id": 3, "customer": "ada", "status": "cancelled", "amount_cents": 9900},
    {"order_id": 4, "customer": "bob", "status": "cancelled", "amount_cents": 100},
]


def test_a_cancelled_order_is_no_revenue(feature_case):
    case = feature_case(RevenueByCustomer, orders=ORDERS, start_date="2024-02-29", end_date="2024-02-29")
    assert_frames_equal(case, [{"customer": "ada", "orders": 2, "revenue_cents": 1250}])
