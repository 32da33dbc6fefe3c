"""The same by pytest-spark and chispa, as their guides write it."""

from __future__ import annotations

import pytest
from chispa import assert_df_equality
from net import DAY, NET, NET_TYPES, ORDER_TYPES, ORDERS, REFUND_TYPES, REFUNDS, TESTS, Net
from pyspark.sql import SparkSession


@pytest.mark.parametrize("number", range(TESTS))
def test_net(spark_session: SparkSession, number: int) -> None:
    """Is one of many like it."""
    del number
    orders = spark_session.createDataFrame(ORDERS, ORDER_TYPES)
    refunds = spark_session.createDataFrame(REFUNDS, REFUND_TYPES)
    net = Net().transform(spark_session, DAY, DAY, orders=orders, refunds=refunds)
    assert_df_equality(net, spark_session.createDataFrame(NET, NET_TYPES), ignore_row_order=True)
