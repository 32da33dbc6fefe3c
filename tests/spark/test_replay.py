"""`spark-etl replay`: one feature of a run again, on what it had read, and the verdict."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.cli import main

from tests.spark.support import Pipeline

PIPELINE = """
class Clean(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.where("id % 2 = 0")

class Totals(SparkFeature):
    def __init__(self):
        self.sources = {"clean": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, clean):
        return clean.groupBy("customer").agg(F.sum("amount").alias("total"))

def share(total):
    return 1 / total

class Report(SparkFeature):
    def __init__(self):
        self.sources = {"totals": ConfiguredSparkFeature(), "orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, totals, orders):
        return totals.withColumn("share", F.udf(share, "double")(F.col("total") - FIRST))
"""


@pytest.fixture
def failed(pipeline: Pipeline, orders: str) -> Pipeline:
    """A run that failed late: what Spark computes at `report` divides by zero for one customer."""
    pipeline.write(orders + PIPELINE.replace("FIRST", "98.0"), {"report": "report"})
    ended = pipeline.run("--checkpoint", "totals", "orders")
    assert ended.code == 5, ended.shown
    return pipeline


def test_a_fix_of_a_late_feature_is_proven_on_its_rows_alone(failed: Pipeline) -> None:
    same = failed.replay("latest")
    assert (same.code, same.verdict["answer"]) == (5, "fails in the same way"), same.shown
    other = failed.replay("latest/report", "--code", failed.fixed("1 / total", "{}[total]"))
    assert (other.code, other.verdict["answer"]) == (5, "fails in another way"), other.shown

    mended = failed.replay("latest", "--code", failed.fixed("1 / total", "1 / (total or 1)", "mended"))

    assert (mended.code, mended.verdict["answer"]) == (0, "no longer fails"), mended.shown
    assert mended.run is not None
    states = {alias: feature.state for alias, feature in mended.run.features.items()}
    assert states == {"totals": "reused", "orders": "reused", "report": "succeeded"}
    assert mended.run.kind == "replay"
    assert mended.run["report"].rows == 7
    assert f"of `report` in run {failed.runs.latest().id}" in mended.shown
    # It is a run of its own, and none that anybody meets who did not ask for it.
    assert [run.kind for run in failed.runs.list()] == ["run"]
    assert [run.kind for run in failed.runs.list(replays=True)] == ["replay"] * 3 + ["run"]
    assert failed.runs.latest().status == "failed"
    assert not (failed.publish / "report").exists()


def test_a_run_of_another_stack_in_a_folder_is_replayed_here_once_it_is_trusted(failed: Pipeline) -> None:
    run = failed.runs.latest()
    document = run.document
    document.kind = "imported"
    document.imported = {"from": "s3a://scratch/a/b/c", "bundle": "b" * 64, "at": "", "by": "", "kind": "run"}
    run.stored.write_document(document)

    refused = failed.replay(run.id)
    assert refused.code == 2, refused.shown
    assert f"spark-etl trust {run.id}" in refused.shown

    assert main(["trust", run.id, "--scratch-path", str(failed.scratch), "--yes"]) == 0
    same = failed.replay(run.id)
    assert (same.code, same.verdict["answer"]) == (5, "fails in the same way"), same.shown
    assert same.run is not None
    assert same.run.document.session == "local", "whatever the run had"


def test_rows_are_compared(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + PIPELINE.replace("FIRST", "0.5"))
    ended = pipeline.run("--checkpoint", "clean", "report")
    assert ended.run is not None, ended.shown

    same = pipeline.replay(f"{ended.run.id}/report")
    assert (same.code, same.verdict["answer"], same.verdict["rows"]) == (0, "same rows", 7), same.shown
    assert "totals  computed: with the run's own code" in same.shown

    code = pipeline.fixed("id % 2 = 0", "id % 2 = 0 and id < 98")
    other = pipeline.replay(f"{ended.run.id}/clean", "--code", code)
    assert (other.code, other.verdict["answer"]) == (1, "other rows"), other.shown
    assert (other.verdict["rows"], other.verdict["rows_then"]) == (49, 50)
    assert other.verdict["deterministic"] is True
    assert other.verdict["rows_diff"]["only_a"] == 1
    assert "98" in other.shown


def test_what_was_never_kept_is_computed_by_the_runs_own_code(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + PIPELINE.replace("FIRST", "0.5"))
    ended = pipeline.run("--checkpoint", "report")
    assert ended.run is not None, ended.shown
    # The new code breaks the features above, which it does not concern.
    code = pipeline.fixed('clean.groupBy("customer")', "clean.nothing()")

    replayed = pipeline.replay(f"{ended.run.id}/report", "--code", code)

    assert (replayed.code, replayed.verdict["answer"]) == (0, "same rows"), replayed.shown
    assert "`totals` is computed with the run's own code, in a process of its own" in replayed.shown
    day = pipeline.published / "orders" / "_dt=2024-02-29"
    shutil.copy(day / "part-0.parquet", day / "part-1.parquet")
    (day / "part-0.parquet").unlink()
    assert pipeline.replay(f"{ended.run.id}/report", "--code", code).code == 2, "what that process refuses is refused"
    changed = pipeline.replay(f"{ended.run.id}/report", "--code", code, "--allow-changed-sources")
    assert any("is not as the run had read it" in note for note in changed.verdict["notes"]), (
        "what it had to read is said"
    )


def test_sources_are_read_as_recorded(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + PIPELINE.replace("FIRST", "0.5"))
    ended = pipeline.run("--checkpoint", "orders", "clean")
    assert ended.run is not None, ended.shown
    folder = pipeline.published / "orders" / "_dt=2024-02-29"
    shutil.copy(folder / "part-0.parquet", folder / "part-1.parquet")  # later than the run
    name = f"{ended.run.id}/orders"
    assert pipeline.replay(name).verdict["answer"] == "same rows"

    shutil.copy(pipeline.published / "orders" / "_dt=2024-02-28" / "part-0.parquet", folder / "part-0.parquet")
    refused = pipeline.replay(name)
    assert refused.code == 2
    assert "part-0.parquet (other content)" in refused.shown
    (folder / "part-0.parquet").unlink()
    assert "part-0.parquet (gone)" in pipeline.replay(name).shown

    allowed = pipeline.replay(name, "--allow-changed-sources")
    assert allowed.code == 0, allowed.shown
    assert "is not as the run had read it" in allowed.verdict["notes"][0]


RANDOM = """
class Noise(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.select("id", F.udf(lambda _: __import__("random").random(), "double")("id").alias("noise"))

class Dice(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.select("id", F.rand().alias("eyes"))

class Thrown(SparkFeature):
    def __init__(self):
        self.sources = {"dice": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, dice):
        return dice.where("id < 3")
"""


def test_a_feature_that_gives_other_rows_each_time_is_said(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + RANDOM)
    ended = pipeline.run("--checkpoint", "orders", "noise", "thrown")
    assert ended.run is not None, ended.shown
    replayed = pipeline.replay(f"{ended.run.id}/noise")
    assert (replayed.code, replayed.verdict["answer"]) == (1, "other rows"), replayed.shown
    assert replayed.verdict["deterministic"] is False
    assert "gives other rows each time" in replayed.shown
    below = pipeline.replay(f"{ended.run.id}/thrown")
    assert below.verdict["answer"] == "other rows"
    assert "`dice`, which it reads, was computed again, and gives other rows each time" in below.verdict["notes"]


@pytest.mark.parametrize("parts", ["kept after the failure", "reused"])
def test_only_what_is_left_is_needed(pipeline: Pipeline, orders: str, parts: str) -> None:
    source = orders.replace(
        "return raw", 'return raw.withColumn("twice", F.udf(lambda x: 1 / (x - 5), "double")("id"))'
    )
    if parts == "kept after the failure":
        pipeline.write(source)
        ended = pipeline.run("--checkpoint", "orders", "--checkpoint-on-failure")
        shutil.rmtree(pipeline.published)
        name, code = "latest/orders", pipeline.fixed("1 / (x - 5)", "x / 1")
    else:
        pipeline.write(orders + PIPELINE.replace("FIRST", "98.0"))
        assert pipeline.run("--checkpoint", "totals", "orders", "report").code == 5
        ended = pipeline.run("--checkpoint", "totals", "orders", "report", "--resume", "latest")
        name, code = "latest/report", pipeline.fixed("1 / total", "1 / (total or 1)")
    assert ended.code == 5, ended.shown
    replayed = pipeline.replay(name, "--code", code)
    assert (replayed.code, replayed.verdict["answer"]) == (0, "no longer fails"), replayed.shown


def test_a_fix_is_proven_on_production_s_plain_parquet(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + PIPELINE.replace("FIRST", "98.0"))
    production = pipeline.folder / "production"
    for name, table in {
        "totals": pa.table({"customer": ["a", "b"], "total": [98.0, 2.0]}),
        "orders": pa.table({"id": [1, 2]}),
    }.items():
        (production / name).mkdir(parents=True)
        parquet.write_table(table, production / name / "part-0.parquet")
    days = {"start_date": "2024-02-29", "end_date": "2024-02-29"}
    adopted = pipeline.runs.adopt(str(production), ["totals", "orders"], pipeline="prod", failed="report", **days)

    fails = pipeline.replay(f"{adopted.id}/report", "--code", str(pipeline.project))
    assert (fails.code, fails.verdict["answer"]) == (5, "fails"), fails.shown
    mended = pipeline.replay(f"{adopted.id}/report", "--code", pipeline.fixed("1 / total", "1 / (total or 1)"))
    assert (mended.code, mended.verdict["answer"], mended.verdict["rows"]) == (0, "no longer fails", 2), mended.shown
    # A feature whose rows production has left is compared with them, and what it reads has to be there.
    missing = pipeline.replay(f"{adopted.id}/totals", "--code", str(pipeline.project))
    assert missing.code == 2
    assert "has no feature `clean`" in missing.shown
