from __future__ import annotations

import pytest

from tests.spark.support import Pipeline

NET = """
from datetime import date
from spark_etl import Response

class Net(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
        self.response = Response(
            {"id": "bigint", "customer": "string", "amount": "double", "_dt": "date"},
            not_null=["id"],
            unique=["id"],
            ranges={"amount": (0, 24)},
            allowed={"customer": [f"c{n}" for n in range(7)]},
        )
    def transform(self, spark, start_date, end_date, orders):
        return orders
"""
BREAKS_ALL = """
        return orders.select(
            F.when(F.col("id") >= 2, F.col("id") % 50).alias("id"),
            F.when(F.col("id") < 90, F.col("customer")).otherwise("walk-in").alias("customer"),
            "amount", "_dt",
        )"""


def test_a_response_that_is_kept_changes_nothing_but_that_the_feature_is_kept(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + NET.replace("(0, 24)", "(0, 25)"), {"net": "net"})
    ended = pipeline.run()
    assert ended.code == 0, ended.shown
    assert ended.run is not None
    assert ended.run["net"].rows == 100
    assert ended.run["net"].manifest.unique == [["id"]]
    assert len(pipeline.output("net")) == 100


def test_every_broken_expectation_is_reported_with_its_column_and_rows(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + NET.replace("        return orders", BREAKS_ALL.strip("\n")), {"net": "net"})
    ended = pipeline.run()
    assert ended.code == 5
    for expected in (
        "feature `net` failed: its rows break its response:",
        "`id` must not be NULL: 2 of 100 rows break it",
        "`amount` must be from 0 to 24: 3 of 100 rows break it",
        "`customer` must be one of c0, c1, c2, c3, c4, c5, c6: 10 of 100 rows break it",
        "`id` must be unique: 96 rows share 48 keys",
        "walk-in",
        "24.75",
    ):
        assert expected in ended.shown
    assert not pipeline.publish.exists() or not list(pipeline.publish.rglob("*.parquet"))
    assert ended.run is not None
    assert ended.run.features["net"].state == "failed"
    assert ended.run["net"].rows == 100, "the rows that break it are there to be looked at"
    assert ended.run["net"].manifest.unique == [["id"]], "what is declared, whether or not it is kept"


def test_rows_that_broke_a_response_are_not_reused(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + NET, {"net": "net"})
    assert pipeline.run("--checkpoint", "orders").code == 5
    ended = pipeline.run("--checkpoint", "orders", "--resume", "latest")
    assert ended.code == 5
    assert "orders  reused" in ended.shown
    assert "recomputed: it failed in run" in ended.shown


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("orders.drop('id')", "`id` is missing"),
        ("orders.withColumnRenamed('amount', 'amounts')", "`amount` is missing; is it `amounts`?"),
        ("orders.withColumn('x', F.lit(1))", "`x` is not expected"),
        ("orders.withColumn('id', F.col('id').cast('int'))", "`id` is int, not bigint"),
    ],
)
def test_other_columns_are_reported_before_anything_is_computed(
    pipeline: Pipeline, orders: str, returned: str, expected: str
) -> None:
    pipeline.write(orders + NET.replace("return orders", f"return {returned}"), {"net": "net"})
    ended = pipeline.run()
    assert ended.code == 5
    assert expected in ended.shown
    assert ended.run is not None
    assert ended.run.features["net"].rows is None


PANDERA = """
import pandera.pyspark as pa
from pyspark.sql import types as T

class NetModel(pa.DataFrameModel):
    id: T.LongType() = pa.Field(nullable=False)
    amount: T.DoubleType() = pa.Field(ge=0, le=24)
    class Config:
        unique = ["id"]

class Net(SparkFeature):
    response = NetModel
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders
"""


def test_a_model_of_pandera_is_a_response_too(pipeline: Pipeline, orders: str) -> None:
    pytest.importorskip("pandera.pyspark")
    pipeline.write(orders + PANDERA, {"net": "net"})
    ended = pipeline.run()
    assert ended.code == 5
    assert "its rows break its response:" in ended.shown
    assert "less_than_or_equal_to(24)" in ended.shown
    assert ended.run is not None
    assert ended.run["net"].manifest.unique == [["id"]]
