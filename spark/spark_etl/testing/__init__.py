"""Tests of features: on rows given inline or on a checkpoint, with a local Spark and without Docker.

In a test, by the fixture of `spark_etl.testing.plugin`::

    from spark_etl.testing import assert_frames_equal

    def test_refunds_are_taken_off(feature_case):
        net = feature_case(NetRevenue, orders=[{"id": 1, "amount": 5.0}], refunds=[{"id": 1, "amount": 2.0}])
        assert_frames_equal(net, [{"id": 1, "net": 3.0}])
"""

from spark_etl.testing.equal import assert_frames_equal
from spark_etl.testing.feature_case import FeatureCase

__all__ = ["FeatureCase", "assert_frames_equal"]
