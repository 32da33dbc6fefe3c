"""Wrong words on the command line and in the feature config: refused with exit code 2 before Spark starts."""

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
GOOD = "features:\n    orders:\n        class: shop_features.Orders\n"
CYCLE = "features:\n    left:\n        class: shop_features.Left\n    right:\n        class: shop_features.Right\n"
DAY = ("--start-date", "2024-02-29", "--end-date", "2024-02-29")
KEPT = ("--checkpoint", "orders")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose features are fine."""
    (tmp_path / "shop_features.py").write_text(FEATURES)
    (tmp_path / "feature_config.yaml").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize(
    ("config", "arguments", "told"),
    [
        (None, DAY, ["feature_config.yaml"]),
        ("features: [unclosed\n", DAY, ["YAML", "line"]),
        ("just text\n", DAY, ["features"]),
        ("features:\n    x:\n        class: shop_features.Nosuch\n", DAY, ["Nosuch", "Orders"]),
        ("features:\n    x:\n        class: nosuch_module.X\n", DAY, ["nosuch_module"]),
        (CYCLE, DAY, ["left", "right"]),
        (GOOD, (*DAY, "--checkpoint", "order"), ["order", "orders"]),
        (GOOD, ("--start-date", "2024-02-30", "--end-date", "2024-03-01"), ["2024-02-30"]),
        (GOOD, ("--start-date", "2024-03-02", "--end-date", "2024-03-01"), ["2024-03-02", "2024-03-01"]),
        (GOOD, ("--start-date", "yesterday", "--end-date", "2024-03-01"), ["yesterday"]),
    ],
    ids=[
        "config missing",
        "not YAML",
        "not a mapping",
        "unknown class",
        "unknown module",
        "cycle",
        "unknown checkpoint",
        "no such day",
        "end before start",
        "not a date",
    ],
)
def test_a_run_is_refused(
    stack: Sandbox, project: Path, config: str | None, arguments: tuple[str, ...], told: list[str]
) -> None:
    path = project / "feature_config.yaml"
    path.unlink() if config is None else path.write_text(config)

    done = stack("run", str(path), *arguments, code=2, timeout=120)

    assert all(word in done.err for word in told), done


def test_dates_without_data_are_named_and_the_pipeline_failed(stack: Sandbox, project: Path) -> None:
    arguments = ("--start-date", "1999-12-31", "--end-date", "1999-12-31")

    done = stack("run", str(project / "feature_config.yaml"), *arguments, *KEPT, code=5, timeout=240)

    assert "1999-12-31" in done.err


def test_a_failing_feature_is_the_pipelines_failure(stack: Sandbox, project: Path) -> None:
    features = project / "shop_features.py"
    features.write_text(FEATURES.replace('return kwargs["orders"]', 'raise ValueError("boom at night")'))

    done = stack("run", str(project / "feature_config.yaml"), *DAY, *KEPT, code=5, timeout=240)

    assert "orders" in done.err
    assert "boom at night" in done.err


@pytest.mark.parametrize("verb", ["stat", "upp"])
def test_an_unknown_verb(stack: Sandbox, verb: str) -> None:
    assert verb in stack(verb, code=2).err


@pytest.mark.parametrize("name", ["Sandbox", "a", "x" * 40, "has space", "-x"])
def test_a_bad_stack_name(stack: Sandbox, name: str) -> None:
    done = stack("status", code=2, env={"SANDBOX_STACK": name})

    assert name in done.err
