"""Awkward frames: kept as they are, or refused by name before anything is computed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pyspark
import pytest
from pyspark.sql import DataFrame, SparkSession
from spark_etl.errors import FeatureError
from spark_etl.reading import Run
from spark_etl.runner.frames import check_writable

from tests.spark.support import Pipeline, SharedSpark

NAMES = ["a b", "a.b", "a`b", "a'b", 'a"b', "a,b;c", "_dt=1", "tab\there", "line\nbreak", "☃ 😀", "_hidden", "{[(x)]}"]

HELD = f"""
import decimal
from pyspark.sql import types as T

class Awkward(SparkFeature):
    query = ""
    def __init__(self):
        self.sources = {{}}
    def transform(self, spark, start_date, end_date):
        return spark.sql(self.query)

class Nulls(Awkward):
    query = "select 1 x, cast(null as string) s, cast(null as array<int>) a"

class Untyped(Awkward):
    query = "select 1 x, null v, named_struct('y', null, 'z', 1) s, array() a, map('k', null) m"

class Names(Awkward):
    def transform(self, spark, start_date, end_date):
        return spark.range(3).select(*(F.col("id").alias(name) for name in {NAMES!r}))

class Nested(Awkward):
    query = "select map(named_struct('k', 1), array(named_struct('v', map('a', 1.5)))) m, array(array(1), null) a"

class Decimals(Awkward):
    query = '''select cast('12345678901234567890.123456789012345678' as decimal(38, 18)) big,
        cast(-0.01 as decimal(3, 2)) small'''

class Times(Awkward):
    query = '''select timestamp '1582-10-01 00:00:00' old, timestamp_ntz '9999-12-31 23:59:59.999999' late,
        date '0001-01-01' day'''

class Intervals(Awkward):
    query = "select interval '1 02:03:04.5' day to second d, interval '1-2' year to month y"

class Variants(Awkward):
    query = '''select parse_json('{{"a": [1, {{"b": null}}]}}') v'''

class NoRows(Awkward):
    query = "select 1 x, 'a' y where false"

class NoPartitions(Awkward):
    def transform(self, spark, start_date, end_date):
        return spark.createDataFrame([], "x int, y string")

class Wide(Awkward):
    def transform(self, spark, start_date, end_date):
        return spark.range(2).select(*(F.col("id").alias(f"c{{n}}") for n in range(2000)))

class Again(SparkFeature):
    def __init__(self):
        self.sources = {{name: ConfiguredSparkFeature() for name in
            "nulls untyped names nested decimals times intervals variants norows nopartitions wide".split()}}
    def transform(self, spark, start_date, end_date, **frames):
        rows = [(name, frame.count(), len(frame.columns)) for name, frame in sorted(frames.items())]
        return spark.createDataFrame(rows, "name string, rows long, columns long")
"""
KEPT = {
    "nulls": (1, 3),
    "untyped": (1, 5),
    "names": (3, len(NAMES)),
    "nested": (1, 2),
    "decimals": (1, 2),
    "times": (1, 3),
    "intervals": (1, 2),
    "variants": (1, 1),
    "norows": (0, 2),
    "nopartitions": (0, 2),
    "wide": (2, 2000),
}


# Spark 4.0 has no Parquet for a column without a type; there it is refused, see below.
HAS_VOID = tuple(map(int, pyspark.__version__.split(".")[:2])) >= (4, 1)
if not HAS_VOID:
    del KEPT["untyped"]


def hold(pipeline: Pipeline) -> Run:
    pipeline.write(HELD if HAS_VOID else HELD.replace("nulls untyped names", "nulls names"))
    config = pipeline.config.read_text()
    pipeline.config.write_text(re.sub(r'"awkward": \{[^}]*\}, ', "", config))
    ended = pipeline.run("--checkpoint", *KEPT, "again")
    assert ended.code == 0, ended.shown
    assert ended.run is not None
    return ended.run


def test_what_parquet_holds_is_read_back_as_it_was(pipeline: Pipeline) -> None:
    run = hold(pipeline)
    again = {row["name"]: (row["rows"], row["columns"]) for row in run["again"].arrow().to_pylist()}
    assert again == KEPT
    for alias, (rows, columns) in KEPT.items():
        table = run[alias].arrow(force=True)
        assert (alias, table.num_rows, table.num_columns) == (alias, rows, columns)
        assert (alias, run[alias].rows, len(run[alias].schema)) == (alias, rows, columns)
    assert run["names"].arrow().column_names == NAMES
    assert run["names"].head(1, columns=[NAMES[1]]).to_dict("records") == [{"a.b": 0}]
    assert str(run["decimals"].arrow()["big"][0]) == "12345678901234567890.123456789012345678"
    if HAS_VOID:
        assert run["untyped"].arrow().to_pylist() == [
            {"x": 1, "v": None, "s": {"y": None, "z": 1}, "a": [], "m": [("k", None)]}
        ]
    assert [str(run["times"].arrow()[name][0].cast("string")) for name in ("old", "late", "day")] == [
        "1582-10-01 00:00:00.000000Z",
        "9999-12-31 23:59:59.999999",
        "0001-01-01",
    ]


@pytest.fixture
def spark(shared_spark: SharedSpark) -> SparkSession:
    return shared_spark.start()


REFUSED: dict[str, tuple[str, str]] = {
    "select 1 a, 2 A": ("more than one column is called `a`", "rename one"),
    "select named_struct('a', 1, 'A', 2) s": ("more than one column in `s` is called `a`", "rename one"),
    "select array(struct(1 a, 2 a)) s": ("more than one column in `s`.element is called `a`", "rename one"),
    "select make_interval(1) i": ("`i` has a calendar interval", "withColumn('i', F.col('i').cast('string'))"),
    "select map('k', struct(make_interval(1) i, interval '1' day d)) `m.x`": (
        "`m.x`.value.i has a calendar interval",
        "withColumn('m.x', F.col('`m.x`').cast('map<string,struct<i:string,d:interval day>>'))",
    ),
    "select named_struct() s": ("`s` is a struct without fields", "drop('s')"),
}


@pytest.mark.parametrize("query", REFUSED)
def test_what_parquet_can_not_hold_is_refused_by_name(spark: SparkSession, query: str) -> None:
    expected, hint = REFUSED[query]
    with pytest.raises(FeatureError, match=re.escape(expected)) as caught:
        check_writable("net", spark.sql(query))
    assert hint in str(caught.value.hint)


def test_no_column_at_all_is_refused(spark: SparkSession) -> None:
    with pytest.raises(FeatureError, match="it has no column"):
        check_writable("net", spark.range(3).select())


@pytest.mark.parametrize(
    ("query", "expected", "cast"),
    [
        ("select null v", "`v` has no type, as all its values are NULL", "cast('string')"),
        (
            "select struct(array(null) items, 1 n) s",
            "`s`.items.element has no type",
            "cast('struct<items:array<string>,n:int>')",
        ),
    ],
)
def test_before_spark_4_1_a_column_needs_a_type(spark: SparkSession, query: str, expected: str, cast: str) -> None:
    class Older:
        """A DataFrame of Spark 4.0."""

        def __init__(self, frame: DataFrame) -> None:
            self.schema: Any = frame.schema
            self.sparkSession = type("Session", (), {"version": "4.0.1"})

    with pytest.raises(FeatureError, match=re.escape(expected)) as caught:
        check_writable("net", Older(spark.sql(query)))  # type: ignore[arg-type]
    assert cast in str(caught.value.hint)


CELL = """
class Cell(SparkFeature):
    def __init__(self):
        self.sources = {}
    def transform(self, spark, start_date, end_date):
        return spark.range(1).select("id", F.expr("repeat('0123456789', 10000000)").alias("letter"))

class Length(SparkFeature):
    def __init__(self):
        self.sources = {"cell": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, cell):
        return cell.select(F.length("letter").alias("length"))
"""


def test_one_cell_of_100_mb(pipeline: Pipeline, environment: dict[str, str]) -> None:
    pipeline.write(CELL)
    config = json.loads(pipeline.config.read_text())
    pipeline.config.write_text(json.dumps({**config, "spark": {"spark.driver.memory": "2g"}}))
    ended = subprocess.run(
        [sys.executable, "-m", "spark_etl", "run", *pipeline.argv("--checkpoint", "cell,length")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    run = pipeline.runs.latest()
    assert run["length"].arrow().to_pylist() == [{"length": 100_000_000}]
    assert run["cell"].sql("select id, length(letter) n, right(letter, 3) tail from this").to_dict("records") == [
        {"id": 0, "n": 100_000_000, "tail": "789"}
    ]
    assert run["cell"].head(columns=["id"]).to_dict("records") == [{"id": 0}], "the cell itself is not read"
