from __future__ import annotations

import pyarrow as pa
import pytest
from pyarrow import parquet

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
    assert [line[:3] for line in lines] == [["[1/2]", "orders", "planned,"], ["[2/2]", "net", "checkpoint"]]
    assert lines[1][3:5] == ["100", "rows"]


READ = """
from spark_etl import CsvSource, JsonSource, ParquetSource
class Rates(SparkFeature):
    def __init__(self):
        self.sources = {"raw": %s}
    def transform(self, spark, start_date, end_date, raw):
        return %s
class After(SparkFeature):
    def __init__(self):
        self.sources = {"rates": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, rates):
        return rates
"""
UNREADABLE = {
    "csv": (
        'CsvSource(LAKE, schema="cur string, rate double")',
        "a.csv, line 3, column `rate`: '1,50' is no double",
        '"locale": "de-DE"',
    ),
    "json": ("JsonSource(LAKE)", "a.json, line 1: a document does not end in its line", '"multiLine": True'),
    "parquet": (
        "ParquetSource(LAKE)",
        r"column `name` of `raw` has bytes that are no UTF-8: 'M\xfcller'",
        "make_valid_utf8",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_data_that_can_not_be_read_is_named_to_the_value(pipeline: Pipeline, kind: str) -> None:
    lake = pipeline.folder / "lake"
    lake.mkdir()
    (lake / "a.csv").write_text('cur,rate\nEUR,1\nUSD,"1,50"\n')
    (lake / "a.json").write_text('{\n"cur": "EUR"\n}\n')
    bad = pa.array([b"ok", b"M\xfcller"]).view(pa.string())
    parquet.write_table(pa.table({"id": [1, 2], "name": bad}), lake / "a.parquet")
    source, message, hint = UNREADABLE[kind]
    returned = 'raw.mapInPandas(lambda parts: parts, "id long, name string")' if kind == "parquet" else "raw"
    pipeline.write(READ % (source.replace("LAKE", repr(f"{lake}/a.{kind}")), returned), {"after": "after!"})

    ended = pipeline.run("--checkpoint-on-failure")

    assert ended.code == 5
    assert f"error: feature `rates` failed: {'' if kind == 'parquet' else f'file://{lake}/'}{message}" in ended.shown
    assert hint in ended.shown
    assert ended.run
    assert message in str(ended.run.failure.message)
    assert ended.run.failure.full_traceback


@pytest.mark.parametrize("stop", ["spark.stop()", "spark.sparkContext.stop()"])
def test_spark_that_a_feature_stops_goes_on_and_the_line_is_named(pipeline: Pipeline, orders: str, stop: str) -> None:
    pipeline.write(
        orders + DRIVER.replace("        return orders.withColumn", f"        {stop}\n        return orders.withColumn")
    )

    ended = pipeline.run("--checkpoint", "net")

    assert ended.code == 5
    assert "error: feature `net` failed: it stops Spark: " in ended.shown
    assert f"    {stop}" in ended.shown
    assert "the runner starts Spark" in ended.shown


def test_a_plan_that_is_too_deep_says_so(pipeline: Pipeline, orders: str) -> None:
    added = '__import__("functools").reduce(lambda column, _: column + 1, range(4000), F.col("id"))'
    deep = f'orders.select({added}.alias("v"))'
    pipeline.write(orders + DRIVER.replace('orders.withColumn("net", F.lit(rate("CHF")))', deep))

    ended = pipeline.run("--checkpoint", "net")

    assert "error: feature `net` failed: the query plan is too deep" in ended.shown
    assert "withColumns()" in ended.shown
