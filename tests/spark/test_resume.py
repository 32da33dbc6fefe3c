"""`--resume`: a late feature is mended, and only what depends on it is computed again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spark.support import Pipeline

PIPELINE = """
import os, uuid

def traced(x):
    open(os.path.join({folder!r}, uuid.uuid4().hex), "w").close()
    return x

class Clean(SparkFeature):
    def __init__(self):
        self.sources = {{"orders": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, orders):
        return orders.withColumn("x", F.udf(traced, "long")("id")).withColumn("noise", F.rand())

class Totals(SparkFeature):
    def __init__(self):
        self.sources = {{"clean": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, clean):
        return clean.groupBy("customer").agg(F.sum("x").alias("total"), F.sum("noise").alias("noise"))

class Report(SparkFeature):
    def __init__(self):
        self.sources = {{"totals": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, totals):
        return totals.select("customer", F.col("totall") / 2, "noise")
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


@pytest.fixture
def failed(pipeline: Pipeline, orders: str, calls: Path) -> Pipeline:
    pipeline.write(orders + PIPELINE.format(folder=str(calls)), {"report": "report", "clean": "clean"})
    ended = pipeline.run("--checkpoint", "clean", "totals")
    assert ended.code == 5
    assert len(list(calls.iterdir())) == 100
    return pipeline


def test_a_late_feature_is_mended_and_the_rest_reused(failed: Pipeline, calls: Path) -> None:
    before = failed.runs.latest()
    failed.edit("totall", "total")
    ended = failed.run("--checkpoint", "clean", "totals", "--resume", before.id)
    assert ended.code == 0
    assert len(list(calls.iterdir())) == 100
    assert f"clean   reused: as in run {before.id}" in ended.shown
    assert f"totals  reused: as in run {before.id}" in ended.shown
    assert f"report  recomputed: run {before.id} kept no checkpoint of it" in ended.shown
    assert "orders  not needed: what reads it is reused" in ended.shown
    run = ended.run
    assert run is not None
    states = {alias: feature.state for alias, feature in run.features.items()}
    assert states == {"orders": "skipped", "clean": "reused", "totals": "reused", "report": "succeeded"}
    assert run.content["resumed"] == before.id
    assert run["totals"].pandas().equals(before["totals"].pandas())
    noise = sorted(row["noise"] for row in failed.output("report"))
    assert noise == sorted(before["totals"].pandas()["noise"])
    assert len(failed.output("clean")) == 100


def test_an_early_edit_computes_all_of_it_again_and_says_why(failed: Pipeline, calls: Path) -> None:
    failed.edit("totall", "total")
    failed.edit('F.udf(traced, "long")("id")', 'F.udf(traced, "long")(F.col("id") + 1)')
    ended = failed.run("--checkpoint", "clean", "totals", "--resume", "latest")
    assert ended.code == 0
    assert len(list(calls.iterdir())) == 200
    assert f"clean   recomputed: its code has changed: `{failed.module}`" in ended.shown
    assert "totals  recomputed: it reads `clean`, which has changed" in ended.shown


CLOCK = """
class Clock(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.select("id", F.current_timestamp().alias("now"))

class Early(SparkFeature):
    def __init__(self):
        self.sources = {"clock": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, clock):
        return clock.where("id < 50")

class Late(SparkFeature):
    def __init__(self):
        self.sources = {"clock": ConfiguredSparkFeature(), "early": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, clock, early):
        return clock.where("id >= 50").union(early)
"""


def test_two_readings_of_a_clock_are_never_mixed(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + CLOCK, {"late": "late!"})
    first = pipeline.run("--checkpoint", "early")
    assert first.code == 0, first.shown
    assert first.run is not None
    assert first.run.features["clock"].deterministic is False
    ended = pipeline.run("--checkpoint", "early", "--resume", first.run.id)
    assert ended.code == 0, ended.shown
    assert "early   recomputed: it reads `clock`, which is computed again" in ended.shown


def test_nothing_left_to_compute_needs_no_spark(failed: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    failed.write_config_without_outputs()
    monkeypatch.setattr("spark_etl.runner.run.open_backend", None)
    ended = failed.run("--checkpoint", "totals", "--resume", "latest")
    assert ended.code == 0
    assert ended.run is not None
    assert ended.run["totals"].rows == 7


DELETES = """
from pathlib import Path

class Clean(SparkFeature):
    def __init__(self):
        self.sources = {{"orders": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, orders):
        return orders.where("id < 10")

class Last(SparkFeature):
    def __init__(self):
        self.sources = {{"clean": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, clean):
        frame = spark.range(LATE)
        for file in Path({scratch!r}).rglob("clean/*.parquet"):
            file.unlink()
        return frame
"""


def test_a_reused_feature_that_can_not_be_published_is_named(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + DELETES.format(scratch=str(pipeline.scratch)), {"clean": "clean", "last": "last"})
    assert pipeline.run("--checkpoint", "clean", "--parallel", "1").code == 5
    pipeline.edit("LATE", "1")
    ended = pipeline.run("--checkpoint", "clean", "--parallel", "1", "--resume", "latest", "--checkpoint-on-failure")
    assert ended.code == 5
    assert "feature `clean` failed: " in ended.shown
    assert "KeyError" not in ended.shown
    assert ended.run is not None
    assert (ended.run.error and ended.run.error.feature, ended.run.features["clean"].state) == ("clean", "failed")
    assert not pipeline.publish.exists() or not list(pipeline.publish.rglob("*.parquet"))
