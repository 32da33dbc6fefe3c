from __future__ import annotations

import json

import pyarrow as pa
from pyarrow import parquet

from tests.spark.support import Pipeline

JOINED = """
class Customers(SparkFeature):
    def __init__(self):
        self.sources = {"raw": ParquetSource(%r), "rates": ParquetSource(%r)}
    def transform(self, spark, start_date, end_date, raw, rates):
        return raw.crossJoin(rates)

class Joined(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature(), "customers": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders, customers):
        return orders.join(customers, "customer", "left")
"""


def joined(pipeline: Pipeline, orders: str) -> None:
    """500 customers and their 2,000 orders; the rates have no key."""
    names = [f"c{n}" for n in range(500)]
    parquet.write_table(pa.table({"customer": names, "city": names}), pipeline.folder / "customers.parquet")
    parquet.write_table(pa.table({"rate": [1.0]}), pipeline.folder / "rates.parquet")
    parts = JOINED % (str(pipeline.folder / "customers.parquet"), str(pipeline.folder / "rates.parquet"))
    pipeline.write("from spark_etl import ParquetSource\n" + orders + parts, {"joined": "joined"})


def test_rows_of_the_same_keys_are_taken_from_every_source(pipeline: Pipeline, orders: str) -> None:
    joined(pipeline, orders)
    ended = pipeline.run("--sample", "0.5", "--sample-key", "customer", "--checkpoint", "customers")
    assert ended.code == 0, ended.shown
    assert "a sample: the rows of 0.5 of all `customer`" in ended.shown
    assert not pipeline.publish.exists()
    assert ended.run is not None
    table = ended.run["joined"].arrow()
    assert 0 < table.num_rows < 100
    assert table.column("city").null_count == 0, "an order without its customer"
    assert 200 < ended.run["customers"].rows < 300
    again = pipeline.run("--sample", "0.5", "--sample-key", "customer", "--checkpoint", "customers").run
    assert again is not None
    assert sorted(again["customers"].arrow().column("customer").to_pylist()) == sorted(
        ended.run["customers"].arrow().column("customer").to_pylist()
    )


def test_keys_are_taken_from_a_file(pipeline: Pipeline, orders: str) -> None:
    joined(pipeline, orders)
    (pipeline.folder / "keys.csv").write_text("customer\nc3\nc5\nnobody\n")
    ended = pipeline.run("--keys", str(pipeline.folder / "keys.csv"))
    assert ended.code == 0, ended.shown
    assert ended.run is not None
    assert set(ended.run["joined"].arrow().column("customer").to_pylist()) == {"c3", "c5"}
    assert ended.run.document.sample == {
        "keys": str(pipeline.folder / "keys.csv"),
        "columns": ["customer"],
        "rows": 3,
    }


def test_numbers_meet_whatever_their_type(pipeline: Pipeline) -> None:
    for name, kind in (("a", pa.int32()), ("b", pa.float64()), ("c", pa.string()), ("d", pa.decimal128(20, 4))):
        values = [str(n) for n in range(200)]
        column = pa.array(values).cast(kind)
        parquet.write_table(pa.table({"id": column}), pipeline.folder / f"{name}.parquet")
    source = "from spark_etl import ParquetSource\n" + "".join(
        f"""
class {name.upper()}(SparkFeature):
    def __init__(self):
        self.sources = {{"raw": ParquetSource({str(pipeline.folder / name) + ".parquet"!r})}}
    def transform(self, spark, start_date, end_date, raw):
        return raw.select(F.col("id").cast("int"))
"""
        for name in "abcd"
    )
    pipeline.write(source)
    ended = pipeline.run("--sample", "0.3", "--sample-key", "id", "--checkpoint", "a", "b", "c", "d")
    assert ended.code == 0, ended.shown
    assert ended.run is not None
    found = [sorted(ended.run[name].arrow().column("id").to_pylist()) for name in "abcd"]
    assert 30 < len(found[0]) < 90
    assert found[1:] == [found[0]] * 3


def test_a_key_that_no_source_has_fails_before_anything_is_computed(pipeline: Pipeline, orders: str) -> None:
    joined(pipeline, orders)
    ended = pipeline.run("--sample", "0.5", "--sample-key", "custmer")
    assert ended.code == 2
    assert "--sample-key names `custmer`, which no source has. Did you mean `customer`?" in ended.shown


def test_a_whole_run_does_not_reuse_a_sample(pipeline: Pipeline, orders: str) -> None:
    joined(pipeline, orders)
    assert pipeline.run("--sample", "0.5", "--sample-key", "customer", "--checkpoint", "orders").code == 0
    ended = pipeline.run("--resume", "latest", "--checkpoint", "orders")
    assert ended.code == 0
    assert "recomputed: another sample of the sources" in ended.shown


UNREADABLE = """
import spark_etl

class Source(spark_etl.Source):
    def inputs(self, dates):
        return []
    def read(self, spark, dates):
        return spark.read.parquet("/nowhere/at/all")

class Broken(SparkFeature):
    def __init__(self):
        self.sources = {"raw": Source()}
    def transform(self, spark, start_date, end_date, raw):
        return raw
"""


def test_a_source_that_can_not_be_read_names_its_feature(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + UNREADABLE)
    content = json.loads(pipeline.config.read_text())
    content["features"].pop("source", None)
    pipeline.config.write_text(json.dumps(content))
    arguments = ["--sample", "0.5", "--sample-key", "customer", "--checkpoint", "broken", "--checkpoint-on-failure"]
    ended = pipeline.run(*arguments)
    assert ended.code == 5
    assert "feature `broken` failed: " in ended.shown
    assert "/nowhere/at/all" in ended.shown
    assert ended.run is not None
    broken = ended.run.features["broken"]
    assert (ended.run.error and ended.run.error.feature, broken.state, broken.seconds) == ("broken", "failed", None)
    assert ended.run.failure is not None
    assert "KeyError" not in ended.shown
