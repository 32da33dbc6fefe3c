"""What is inspected is what the run consumed."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.errors import CheckpointError

from tests.spark.support import Pipeline

REVENUE = """
from pyspark.sql import Window

def cents(amount):
    return int(amount * 100)

class Net(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.where("amount > 3").withColumn("cents", F.udf(cents, "long")("amount"))

class Ranked(SparkFeature):
    def __init__(self):
        self.sources = {"net": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, net):
        window = Window.partitionBy("customer").orderBy(F.desc("cents"))
        return net.withColumn("place", F.row_number().over(window)).where("place <= 3")

class Totals(SparkFeature):
    def __init__(self):
        self.sources = {"ranked": ConfiguredSparkFeature(), "net": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, ranked, net):
        best = ranked.groupBy("customer").agg(F.sum("cents").alias("best"))
        every = net.groupBy("customer").agg(F.sum("cents").alias("all"), F.max("_dt").alias("day"))
        return every.join(best, "customer")
"""


@pytest.mark.parametrize("kept", [["orders"], ["net"], ["ranked", "net"], ["orders", "net", "ranked", "totals"]])
def test_results_are_the_same_with_and_without_checkpoints(pipeline: Pipeline, orders: str, kept: list[str]) -> None:
    pipeline.write(orders + REVENUE, {"totals": "plain"})
    assert pipeline.run().code == 0
    pipeline.write(orders + REVENUE, {"totals": "kept"})
    ended = pipeline.run("--checkpoint", *kept)
    assert ended.code == 0
    assert pipeline.output("kept") == pipeline.output("plain")
    assert len(pipeline.output("plain")) == 7
    assert ended.run is not None
    assert ended.run.checkpoints == [alias for alias in ended.run.features if alias in kept]


NOISE = """
class Noise(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.select("id", F.rand().alias("r"), F.expr("uuid()").alias("u"), F.current_timestamp().alias("t"))

class Seen(SparkFeature):
    def __init__(self):
        self.sources = {"noise": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, noise):
        return noise.where("r >= 0")
"""


def test_what_is_inspected_is_what_the_next_feature_consumed(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + NOISE, {"noise": "noise", "seen": "seen"})
    run = pipeline.run("--checkpoint", "noise,", "seen").run
    assert run is not None
    frames = [run[name].pandas().sort_values("id").reset_index(drop=True) for name in ("noise", "seen")]
    assert len(frames[0]) == 100
    assert frames[0].equals(frames[1])
    assert pipeline.output("noise") == pipeline.output("seen")


COUNTED = """
import os, uuid

def traced(x):
    open(os.path.join({folder!r}, uuid.uuid4().hex), "w").close()
    return x

class Traced(SparkFeature):
    def __init__(self):
        self.sources = {{"orders": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, orders):
        return orders.withColumn("x", F.udf(traced, "long")("id"))

class Left(SparkFeature):
    def __init__(self):
        self.sources = {{"traced": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, traced):
        return traced.select("x")

class Right(SparkFeature):
    def __init__(self):
        self.sources = {{"traced": ConfiguredSparkFeature()}}
    def transform(self, spark, start_date, end_date, traced):
        return traced.select("x")
"""


def test_lineage_is_cut_and_nothing_is_computed_twice(pipeline: Pipeline, orders: str, tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    pipeline.write(orders + COUNTED.format(folder=str(folder)), {"left": "left", "right": "right", "traced": "traced"})
    assert pipeline.run("--checkpoint", "traced").code == 0
    assert len(list(folder.iterdir())) == 100


def test_a_manifest_tells_what_the_frame_is(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + REVENUE)
    run = pipeline.run("--checkpoint", "net", "totals").run
    assert run is not None
    net, totals = run["net"].manifest, run["totals"].manifest
    assert net.rows == run["net"].arrow().num_rows == 87
    assert net.bytes == sum(file.bytes for file in net.files) > 0
    assert run["net"].schema["_dt"] == "date"
    assert net.code["modules"].keys() == {pipeline.module}
    (raw,) = net.inputs["orders"]["inputs"]["raw"]["objects"]
    assert raw["path"].endswith("orders/_dt=2024-02-29/part-0.parquet")
    assert raw["etag"]
    assert totals.inputs["net"]["manifest"] == run.stored.manifest_path("net")
    assert totals.inputs["ranked"]["inputs"]["net"]["manifest"] == run.stored.manifest_path("net")
    assert totals.code["fingerprint"] != net.code["fingerprint"]


TYPES = """
class Types(SparkFeature):
    def __init__(self):
        self.sources = {}
    def transform(self, spark, start_date, end_date):
        return spark.sql('''select 1 id, cast(1.5 as decimal(38, 18)) money, timestamp '0001-01-01 00:00:00' early,
            timestamp_ntz '9999-12-31 23:59:59.999999' late, date '2024-02-29' `a day`,
            array(map('k', named_struct('x', 1))) deep,
            cast(null as string) `no.thing`, '☃' `snow☃man`''')

class After(SparkFeature):
    def __init__(self):
        self.sources = {"types": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, types):
        return types
"""


def test_types_survive_the_way_through_parquet(pipeline: Pipeline) -> None:
    pipeline.write(TYPES)
    ended = pipeline.run("--checkpoint", "types", "after")
    assert ended.code == 0, ended.shown
    assert ended.run is not None
    types, after = ended.run["types"], ended.run["after"]
    assert types.schema == after.schema
    assert types.schema["money"] == "decimal(38,18)"
    assert types.arrow().to_pylist() == after.arrow().to_pylist()
    assert types.arrow().to_pylist()[0]["late"].year == 9999
    assert types.arrow().to_pylist()[0]["early"].year == 1


EMPTY = """
class Empty(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.where("false")

class After(SparkFeature):
    def __init__(self):
        self.sources = {"empty": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, empty):
        return empty.groupBy().count()
"""


def test_an_empty_frame_is_kept_too(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + EMPTY)
    run = pipeline.run("--checkpoint", "empty", "after").run
    assert run is not None
    assert (run["empty"].rows, list(run["empty"].head().columns)) == (0, ["id", "customer", "amount", "_dt"])
    assert run["after"].pandas()["count"].tolist() == [0]


def test_two_runs_never_touch_each_other(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders)
    first, second = (pipeline.run("--checkpoint", "orders").run for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.path != second.path
    assert first["orders"].rows == second["orders"].rows == 100


def test_what_was_not_kept_is_not_there(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + REVENUE)
    run = pipeline.run("--checkpoint", "net").run
    assert run is not None
    assert list(run.features) == ["orders", "net"]
    with pytest.raises(CheckpointError, match="`orders` was not kept"):
        run["orders"]


def test_files_that_only_the_executors_see_are_no_checkpoint(
    pipeline: Pipeline, orders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster, a scratch path that is a folder is another one on each machine."""
    monkeypatch.setattr("spark_etl.runner.checkpoint.count_files", lambda folder, objects: [])
    pipeline.write(orders)
    ended = pipeline.run("--checkpoint", "orders")
    assert ended.code == 5
    assert "executors write to their own local disks" in ended.shown
    assert not list(pipeline.scratch.rglob("_manifest.json"))
