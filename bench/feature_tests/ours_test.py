"""The feature tested by `feature_case`."""

from __future__ import annotations

import pytest
from net import NET, ORDER_TYPES, ORDERS, REFUND_TYPES, REFUNDS, TESTS, Net
from spark_etl.testing import FeatureCase, assert_frames_equal


@pytest.mark.parametrize("number", range(TESTS))
def test_net(feature_case: FeatureCase, number: int) -> None:
    """Is one of many like it."""
    del number
    schemas = {"orders": ORDER_TYPES, "refunds": REFUND_TYPES}
    assert_frames_equal(feature_case(Net, orders=ORDERS, refunds=REFUNDS, schemas=schemas), NET)
