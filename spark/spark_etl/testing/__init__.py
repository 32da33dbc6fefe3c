"""Tests of features: on rows given inline or on a checkpoint, with a local Spark and without Docker.

In a test, by the fixture of `spark_etl.testing.plugin`::

    from spark_etl.testing import assert_frames_equal

    def test_refunds_are_taken_off(feature_case):
        net = feature_case(NetRevenue, orders=[{"id": 1, "amount": 5.0}], refunds=[{"id": 1, "amount": 2.0}])
        assert_frames_equal(net, [{"id": 1, "net": 3.0}])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spark_etl.testing.equal import assert_frames_equal as assert_frames_equal
    from spark_etl.testing.feature_case import FeatureCase as FeatureCase

_HOMES = {"FeatureCase": "spark_etl.testing.feature_case", "assert_frames_equal": "spark_etl.testing.equal"}
__all__ = ["FeatureCase", "assert_frames_equal"]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for: the plugin is loaded by every pytest, used by few."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
