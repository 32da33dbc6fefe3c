"""`--checkpoint-on-failure`: what a feature that failed has read is there to be looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.spark.support import Ended, Pipeline

LATE = """
class Clean(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.where("id < 10")

class Rates(SparkFeature):
    def __init__(self):
        self.sources = {}
    def transform(self, spark, start_date, end_date):
        return spark.range(3).withColumnRenamed("id", "rate")

class Net(SparkFeature):
    def __init__(self):
        self.sources = {"clean": ConfiguredSparkFeature(), "rates": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, clean, rates):
        %s
"""
RAISES = 'raise KeyError("no such rate")'
FAILS_IN_SPARK = 'return clean.withColumn("x", F.udf(lambda x: 10 // (x - 5), "long")("id"))'


def failure(ended: Ended, feature: str) -> dict[str, Any]:
    assert ended.run is not None
    folder = Path(ended.run.path.removeprefix("file://"))
    content: dict[str, Any] = json.loads((folder / feature / "_failure.json").read_text())
    return content


@pytest.mark.parametrize(("body", "reason"), [(RAISES, "no such rate"), (FAILS_IN_SPARK, "ZeroDivisionError")])
def test_the_inputs_of_a_feature_that_failed_are_kept(pipeline: Pipeline, orders: str, body: str, reason: str) -> None:
    pipeline.write(orders + LATE % body)
    ended = pipeline.run("--checkpoint", "net", "--checkpoint-on-failure")
    assert ended.code == 5
    run = ended.run
    assert run is not None
    assert sorted(run.checkpoints) == ["clean", "rates"]
    assert sorted(run["clean"].pandas()["id"]) == list(range(10))
    assert run["rates"].rows == 3
    report = failure(ended, "net")
    assert report["inputs"] == {"clean": "clean", "rates": "rates"}
    assert reason in report["message"]
    assert f"{pipeline.module}.py" in report["frames"]
    assert run["clean"].manifest.after_failure


def test_without_it_nothing_more_is_computed(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + LATE % RAISES)
    ended = pipeline.run("--checkpoint", "net", "--no-checkpoint-on-failure")
    assert ended.code == 5
    assert ended.run is not None
    assert ended.run.checkpoints == []


FAR = """
class Clean(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.withColumn("x", F.udf(lambda x: 10 // (x - 5), "long")("id"))

class Net(SparkFeature):
    def __init__(self):
        self.sources = {"clean": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, clean):
        return clean.groupBy("customer").agg(F.sum("x").alias("x"))
"""


def test_the_blame_goes_to_the_upstream_that_fails_by_itself(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + FAR)
    ended = pipeline.run("--checkpoint", "net", "--checkpoint-on-failure")
    assert "it is `clean`, which net reads, that fails" in ended.shown
    assert "feature `clean` failed: ZeroDivisionError" in ended.shown
    run = ended.run
    assert run is not None
    assert run.error is not None
    assert run.error.feature == "clean"
    states = {alias: feature.state for alias, feature in run.features.items()}
    assert states == {"orders": "built", "clean": "failed", "net": "skipped"}
    assert run["orders"].rows == 100
    assert failure(ended, "clean")["inputs"] == {"orders": "orders"}


DIRECT = """
class Net(SparkFeature):
    def __init__(self):
        self.sources = {"raw": %s}
    def transform(self, spark, start_date, end_date, raw):
        raise ValueError("no")
"""


def test_a_source_that_the_feature_reads_itself_is_kept_under_both_names(pipeline: Pipeline) -> None:
    pipeline.write(DIRECT % pipeline.source())
    ended = pipeline.run("--checkpoint", "net", "--checkpoint-on-failure")
    assert failure(ended, "net")["inputs"] == {"raw": "net.raw"}
    assert ended.run is not None
    kept = Path(ended.run.path.removeprefix("file://")) / "net.raw"
    assert json.loads((kept / "_manifest.json").read_text())["rows"] == 100
