"""A run of Spark's in one file: Spark's own Parquet comes back, and a sample has the keys that a sampled run has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet
from spark_etl.bundles.export import ExportRequest, export_run, plan_export
from spark_etl.bundles.imports import import_bundle
from spark_etl.reading import Run
from spark_etl.sampling import make_sample

from tests.spark.support import Pipeline

SOURCE = """
class Customers(SparkFeature):
    def __init__(self):
        self.sources = {"raw": ParquetSource(%r)}
    def transform(self, spark, start_date, end_date, raw):
        return raw.withColumn("at", F.timestamp_seconds("number"))
"""


def customers(pipeline: Pipeline) -> None:
    """2,000 customers, with a key that is a text and one that is a number."""
    table = pa.table({"customer": [f"c{n}é" for n in range(2_000)], "number": list(range(2_000))})
    parquet.write_table(table, pipeline.folder / "customers.parquet")
    pipeline.write("from spark_etl import ParquetSource\n" + SOURCE % str(pipeline.folder / "customers.parquet"))


def through_a_file(pipeline: Pipeline, run: Run, target: Path, *sample: str) -> Run:
    chosen = make_sample(*sample, None) if sample else None
    export_run(plan_export(run, ExportRequest(target, ("customers",), chosen)))
    return import_bundle(target, str(pipeline.folder / "there"), by="ada").run


def test_what_spark_wrote_comes_back(pipeline: Pipeline, tmp_path: Path) -> None:
    customers(pipeline)
    run = pipeline.run("--checkpoint", "customers").run
    assert run is not None
    expected = run["customers"].arrow()
    found = through_a_file(pipeline, run, tmp_path / "x.bundle")
    shutil.rmtree(pipeline.scratch)
    assert found["customers"].arrow().equals(expected)
    assert found.verify().whole
    assert len(found.stored.imported_sources()) == 1


def test_a_sample_has_the_keys_that_a_sampled_run_has(pipeline: Pipeline, tmp_path: Path) -> None:
    customers(pipeline)
    whole = pipeline.run("--checkpoint", "customers").run
    assert whole is not None
    for key in ("customer", "number"):
        sampled = pipeline.run("--sample", "0.1", "--sample-key", key, "--checkpoint", "customers").run
        assert sampled is not None
        found = through_a_file(pipeline, whole, tmp_path / f"{key}.bundle", "0.1", key)
        keys = [sorted(run["customers"].arrow().column("number").to_pylist()) for run in (found, sampled)]
        assert 100 < len(keys[0]) < 300
        assert keys[0] == keys[1]
        assert found["customers"].arrow().schema.equals(whole["customers"].arrow().schema)
        shutil.rmtree(pipeline.folder / "there")
