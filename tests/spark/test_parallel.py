"""Branches are written at the same time, and project code never meets itself."""

from __future__ import annotations

import json

import pytest

from tests.spark.support import Pipeline

BRANCHES = """
import threading
from pathlib import Path

NOTES = Path({folder!r})

def met(name, other):
    \"\"\"Waits inside of a task until the other branch has a task at work as well.\"\"\"
    import time
    (NOTES / name).touch()
    for _ in range(400):
        if (NOTES / other).exists():
            return True
        time.sleep(0.05)
    return False

def branch(name, other):
    return F.udf(lambda _: met(name, other), "boolean")

class Left(SparkFeature):
    def __init__(self):
        self.sources = {{"orders": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, orders):
        return orders.limit(1).withColumn("met", branch("left", "right")("id"))

class Right(SparkFeature):
    def __init__(self):
        self.sources = {{"orders": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, orders):
        return orders.limit(1).withColumn("met", branch("right", "left")("id"))
"""


def test_two_branches_are_at_work_at_the_same_time(pipeline: Pipeline, orders: str) -> None:
    notes = pipeline.folder / "notes"
    notes.mkdir()
    pipeline.write(orders + BRANCHES.format(folder=str(notes)))
    run = pipeline.run("--checkpoint", "left", "right", "--parallel", "2").run
    assert run is not None
    assert list(run["left"].pandas()["met"]) == list(run["right"].pandas()["met"]) == [True]


TRANSFORMS = """
import threading, time

INSIDE = []

class Base(SparkFeature):
    def transform(self, spark, start_date, end_date, orders):
        INSIDE.append(self.alias)
        alone = len(INSIDE) == 1
        orders.count()
        time.sleep(0.2)
        alone = alone and len(INSIDE) == 1
        INSIDE.remove(self.alias)
        return orders.limit(1).withColumn("alone", F.lit(alone))

class A(Base):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}

class B(A):
    pass

class C(A):
    pass
"""


def test_transform_is_called_by_one_thread_at_a_time(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + TRANSFORMS)
    content = json.loads(pipeline.config.read_text())
    del content["features"]["base"]
    pipeline.config.write_text(json.dumps(content))
    run = pipeline.run("--checkpoint", "a", "b", "c", "--parallel", "3").run
    assert run is not None
    assert [run[name].pandas()["alone"][0] for name in "abc"] == [True, True, True]


ONE_FAILS = """
class Slow(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        def sleep(x):
            import time
            time.sleep(60)
            return x
        return orders.withColumn("x", F.udf(sleep, "long")("id"))

class Bad(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.withColumn("x", F.udf(lambda x: 1 // 0, "long")("id"))
"""


@pytest.mark.timeout(55)
def test_a_failure_ends_what_runs_beside_it(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + ONE_FAILS)
    ended = pipeline.run("--checkpoint", "slow", "bad", "--parallel", "2")
    assert ended.code == 5
    assert "feature `bad` failed: ZeroDivisionError" in ended.shown
    assert ended.run is not None
    states = {alias: feature.state for alias, feature in ended.run.features.items()}
    assert states == {"orders": "built", "bad": "failed", "slow": "interrupted"}
    assert ended.run.checkpoints == []


TURNS = """
import time
from pathlib import Path

NOTES = Path({folder!r})

class Turn(SparkFeature):
    def __init__(self):
        self.sources = {{"orders": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, orders):
        (NOTES / self.alias).touch()
        time.sleep(1)
        raise ValueError("no rate")

class First(Turn):
    pass

class Second(Turn):
    pass
"""


def test_who_waits_for_its_turn_does_not_take_it_after_a_failure(pipeline: Pipeline, orders: str) -> None:
    notes = pipeline.folder / "notes"
    notes.mkdir()
    pipeline.write(orders + TURNS.format(folder=str(notes)))
    ended = pipeline.run("--checkpoint", "first", "second", "--parallel", "2", "--no-checkpoint-on-failure")
    assert ended.code == 5
    (began,) = [note.name for note in notes.iterdir()]  # whichever was quicker
    assert f"feature `{began}` failed: ValueError: no rate" in ended.shown
    assert ended.run is not None
    states = {alias: ended.run.features[alias].state for alias in ("first", "second")}
    assert states == {**dict.fromkeys(("first", "second"), "interrupted"), began: "failed"}
