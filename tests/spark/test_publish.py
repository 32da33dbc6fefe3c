from __future__ import annotations

from tests.spark.support import Pipeline

LATER = """
class Net(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.where("id < 10")

class Broken(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.select(F.raise_error("too late"))
"""


def test_outputs_are_published_below_the_publish_path(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + LATER, {"net": "daily/net", "orders": "daily/orders"})
    ended = pipeline.run()
    assert ended.code == 0
    assert len(pipeline.output("daily/net")) == 10
    assert ended.run is not None
    assert [(out["feature"], out["rows"], out["state"]) for out in ended.run.content["publish"]] == [
        ("net", 10, "succeeded"),
        ("orders", 100, "succeeded"),
    ]
    assert ended.run.features["net"].rows == 10
    assert "published net → " in ended.shown


def test_an_existing_output_is_refused_before_anything_is_computed(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + LATER, {"net": "net"})
    assert pipeline.run().code == 0
    before = pipeline.output("net")
    ended = pipeline.run()
    assert ended.code == 2
    assert "already published: `net` at" in ended.shown
    assert ended.run is None
    assert pipeline.output("net") == before


def test_overwrite_replaces_all_that_was_there(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + LATER, {"orders": "net!"})
    assert pipeline.run().code == 0
    pipeline.write(orders + LATER.replace("id < 10", "id < 4"), {"net": "net!"})
    assert pipeline.run().code == 0
    assert [row["id"] for row in pipeline.output("net")] == [0, 1, 2, 3]
    assert (pipeline.publish / "net" / "_SUCCESS").exists()


def test_what_another_run_is_writing_there_is_left_alone(pipeline: Pipeline, orders: str) -> None:
    beside = pipeline.publish / "net" / "__magic_job-another" / "part-00000.parquet"
    meanwhile = f"""
def meanwhile(_):
    import pathlib
    pathlib.Path({str(beside)!r}).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path({str(beside)!r}).touch()
    return True

class Net(SparkFeature):
    def __init__(self):
        self.sources = {{"orders": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, orders):
        return orders.where(F.udf(meanwhile, "boolean")("id"))
"""
    pipeline.write(orders + meanwhile, {"net": "net!"})
    for _ in range(2):
        assert pipeline.run().code == 0
        assert len(pipeline.output("net")) == 100
        assert beside.exists()


def test_a_failed_run_leaves_what_was_published(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + LATER, {"net": "net!"})
    assert pipeline.run().code == 0
    pipeline.write(orders + LATER, {"broken": "net!"})
    assert pipeline.run().code == 5
    assert len(pipeline.output("net")) == 10


def test_when_one_of_two_outputs_fails_neither_appears(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + LATER, {"orders": "a!"})
    assert pipeline.run().code == 0
    before = pipeline.output("a")
    pipeline.write(orders.replace("return raw", "return raw.limit(1)") + LATER, {"orders": "a!", "broken": "b"})
    assert pipeline.run("--parallel", "1").code == 5
    assert pipeline.output("a") == before
    assert not list((pipeline.publish / "b").rglob("*.parquet"))
    assert not list(pipeline.publish.rglob("_publishing-*"))
