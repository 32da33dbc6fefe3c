from __future__ import annotations

import pytest

from tests.spark.support import Pipeline

DRIVER = """
def rate(currency):
    return {"EUR": 1.0}[currency]

class Net(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.withColumn("net", F.lit(rate("CHF")))

class After(SparkFeature):
    def __init__(self):
        self.sources = {"net": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, net):
        return net
"""
WORKER = DRIVER.replace('F.lit(rate("CHF"))', 'F.udf(lambda amount: rate("CHF"), "double")("amount")')
ANALYSIS = DRIVER.replace('F.lit(rate("CHF"))', "orders.amont")


@pytest.mark.parametrize(
    ("source", "expected", "frame"),
    [
        (DRIVER, "KeyError: 'CHF'", "in rate"),
        (WORKER, "KeyError: 'CHF'", "in rate"),
        (ANALYSIS, "`amont`", "in transform"),
    ],
    ids=["driver", "worker", "analysis"],
)
def test_a_failing_feature_is_named_with_its_own_frames(
    pipeline: Pipeline, orders: str, source: str, expected: str, frame: str
) -> None:
    pipeline.write(orders + source, {"after": "after"})
    ended = pipeline.run("--checkpoint", "orders", "net")
    assert ended.code == 5
    assert "error: feature `net` failed: " in ended.shown
    assert expected in ended.shown
    assert frame in ended.shown
    for noise in ("py4j", "worker.py", "JVM stacktrace", "org.apache.spark.scheduler"):
        assert noise not in ended.shown
    run = ended.run
    assert run is not None
    assert (run.status, run.error and run.error.feature) == ("failed", "net")
    assert {alias: feature.state for alias, feature in run.features.items()} == {
        "orders": "succeeded",
        "net": "failed",
        "after": "skipped",
    }
    error = run.features["net"].error
    assert error
    assert expected in str(error.message)
    assert frame in error.traceback
    assert run["orders"].rows == 100


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("None", "transform() returned nothing, not a DataFrame"),
        ("orders.columns", "transform() returned a builtins.list, not a DataFrame"),
        ("orders.crossJoin(orders)", "more than one column is called `_dt`, `amount`, `customer`, `id`"),
        ("orders.select()", "it has no column; Parquet can't hold that"),
    ],
)
def test_what_can_not_be_kept_is_refused_by_name(pipeline: Pipeline, orders: str, returned: str, expected: str) -> None:
    source = DRIVER.replace('orders.withColumn("net", F.lit(rate("CHF")))', returned)
    pipeline.write(orders + source)
    ended = pipeline.run("--checkpoint", "net")
    assert ended.code == 5
    assert f"error: feature `net` failed: {expected}" in ended.shown


def test_debug_shows_all_of_it(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + DRIVER)
    ended = pipeline.run("--checkpoint", "net", "--debug")
    assert ended.code == 5
    assert "Traceback (most recent call last)" in ended.shown
    assert "spark_etl/runner/execute.py" in ended.shown


def test_progress_is_a_line_per_feature(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + DRIVER.replace('"CHF"', '"EUR"'))
    ended = pipeline.run("--checkpoint", "net")
    lines = [line.split() for line in ended.shown.splitlines() if line.startswith("[")]
    assert [line[:3] for line in lines] == [["[1/2]", "orders", "built"], ["[2/2]", "net", "checkpoint"]]
    assert lines[1][3:5] == ["100", "rows"]
