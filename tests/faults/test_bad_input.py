"""What only the driver can see is wrong with a project: refused with exit code 2 before Spark starts.

What is refused without a driver is in tests/unit/sandbox_cli: test_app.py and stack/pipelines/test_submit.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox

FEATURES = """
from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature


class Orders(SparkFeature):
    def __init__(self):
        self.sources = {"orders": S3PublishedSource(base_s3_path="s3a://published/", source_schema_id="orders")}

    def transform(self, spark, start_date, end_date, **kwargs):
        return kwargs["orders"]


class Left(SparkFeature):
    def __init__(self):
        self.sources = {"right": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, **kwargs):
        return kwargs["right"]


class Right(SparkFeature):
    def __init__(self):
        self.sources = {"left": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, **kwargs):
        return kwargs["left"]
"""
CYCLE = "features:\n    left:\n        class: shop_features.Left\n    right:\n        class: shop_features.Right\n"
DAY = ("--start-date", "2024-02-29", "--end-date", "2024-02-29")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose features are fine, still without a config."""
    (tmp_path / "shop_features.py").write_text(FEATURES)
    return tmp_path


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("features:\n    x:\n        class: shop_features.Nosuch\n", ["Nosuch", "Orders"]),
        ("features:\n    x:\n        class: nosuch_module.X\n", ["nosuch_module"]),
        (CYCLE, ["left", "right"]),
    ],
    ids=["unknown class", "unknown module", "cycle"],
)
def test_a_run_is_refused(stack: Sandbox, project: Path, config: str, message: list[str]) -> None:
    path = project / "feature_config.yaml"
    path.write_text(config)

    done = stack("run", str(path), *DAY, code=2, timeout=120)

    assert all(word in done.err for word in message), done
