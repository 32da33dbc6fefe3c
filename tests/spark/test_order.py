"""A sorted frame is sorted when it is read back too, though Spark reads the largest file first."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql.types import StructType
from spark_etl.reading import Checkpoint
from spark_etl.runner.backend import open_backend
from spark_etl.runner.checkpoint import write_checkpoint
from spark_etl.store import StoredRun

from tests.spark.support import Pipeline, SharedSpark

SORTED = """
class Sorted(SparkFeature):
    def __init__(self):
        self.sources = {}
    def transform(self, spark, start_date, end_date):
        spark.conf.set("spark.sql.adaptive.coalescePartitions.enabled", "false")
        spark.conf.set("spark.sql.shuffle.partitions", "4")
        text = F.when(F.col("id") < 3000, "x").otherwise(F.repeat(F.sha2(F.col("id").cast("string"), 512), 3))
        frame = spark.range(0, 4000, 1, 4).select("id", (-F.col("id")).alias("place"), text.alias("text"))
        return frame.orderBy(F.desc("place")).drop("place")
"""
FIRST = """
class First(SparkFeature):
    def __init__(self):
        self.sources = {"sorted": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, sorted):
        return sorted.limit(10).select("id")
"""
EVEN = """
class Even(SparkFeature):
    def __init__(self):
        self.sources = {"sorted": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, sorted):
        return sorted.where("id % 2 = 0")

class Third(SparkFeature):
    def __init__(self):
        self.sources = {"even": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, even):
        return spark.createDataFrame([(even.select("id").take(3)[-1].id, even.first().id)], "third long, first long")
"""


@pytest.mark.parametrize("kept", [[], ["sorted"], ["even"], ["sorted", "even"]])
def test_the_first_rows_are_the_same_with_and_without_checkpoints(pipeline: Pipeline, kept: list[str]) -> None:
    pipeline.write(SORTED + FIRST + EVEN, {"first": "first", "third": "third"})
    ended = pipeline.run(*(["--checkpoint", *kept] if kept else []))
    assert ended.code == 0, ended.shown
    assert sorted(row["id"] for row in pipeline.output("first")) == list(range(10))
    assert pipeline.output("third") == [{"third": 4, "first": 0}]


def test_they_are_the_same_when_it_is_reused(pipeline: Pipeline) -> None:
    pipeline.write(SORTED + FIRST, {"first": "first!"})
    assert pipeline.run("--checkpoint", "sorted").code == 0
    pipeline.edit("limit(10)", "limit(7)")
    ended = pipeline.run("--checkpoint", "sorted", "--resume", "latest")
    assert ended.code == 0, ended.shown
    assert "sorted  reused" in ended.shown
    assert sorted(row["id"] for row in pipeline.output("first")) == list(range(7))


def test_it_is_looked_at_in_its_order(pipeline: Pipeline) -> None:
    pipeline.write(SORTED)
    run = pipeline.run("--checkpoint", "sorted").run
    assert run is not None
    kept = run["sorted"]
    sizes = [file.bytes for file in sorted(kept.manifest.files, key=lambda file: file.name)]
    assert max(sizes) == sizes[-1] > 2 * sizes[0], "the largest file must not be the first"
    assert kept.manifest.ordered
    everything = list(range(4000))
    assert kept.head(5)["id"].tolist() == everything[:5]
    assert kept.pandas(limit=2500)["id"].tolist() == everything[:2500]
    assert kept.pandas(where="id >= 2990", limit=20)["id"].tolist() == everything[2990:3010]
    assert kept.pandas()["id"].tolist() == everything
    assert [value for batch in kept.batches(columns=["id"]) for value in batch.column(0).to_pylist()] == everything
    assert kept.sql("select id from this limit 5")["id"].tolist() == everything[:5]


@pytest.fixture
def paths(tmp_path: Path) -> StoredRun:
    return StoredRun.at(f"file://{tmp_path}", "team", "pipeline", "20240229T101112Z-7f3a2c")


def test_names_and_schema_stay_whatever_they_are(paths: StoredRun, shared_spark: SharedSpark) -> None:
    shared_spark.start()
    backend = open_backend("tests", {}, local=True)
    spark = backend.spark
    frame = spark.sql("SELECT id AS `_metadata`, struct(id AS row_index) AS `a.b`, 'x' AS file_name FROM range(9)")
    fields = [{**field.jsonValue(), "metadata": {"unit": "m"}} for field in frame.schema.fields]
    ordered = frame.orderBy("_metadata", ascending=False).to(StructType.fromJson({"type": "struct", "fields": fields}))
    read, manifest = write_checkpoint(
        spark, ordered, "odd", paths, code={}, inputs={}, ordered=backend.is_ordered(ordered)
    )
    again = Checkpoint(paths.checkpoint_path("odd"), manifest).spark(spark)
    plain = spark.read.schema(ordered.schema).parquet(paths.checkpoint_path("odd"))
    assert manifest.ordered
    assert read.schema.jsonValue() == again.schema.jsonValue() == plain.schema.jsonValue()
    assert read.schema["a.b"].metadata == {"unit": "m"}
    assert [row[0] for row in read.collect()] == [row[0] for row in again.collect()] == list(range(8, -1, -1))
    assert backend.is_ordered(read), "what is computed from it is known to be sorted too"
