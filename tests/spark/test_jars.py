"""Sources that need jars which Spark has not: Delta tables and a database, in `SPARK_ETL_TEST_JARS`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spark.support import Pipeline

JARS = os.environ.get("SPARK_ETL_TEST_JARS")
pytestmark = pytest.mark.skipif(
    not JARS, reason="SPARK_ETL_TEST_JARS names no folder: tests/matrix/jars are for Spark 4.1"
)
DELTA = (
    "--conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension "
    "--conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog"
)
FEATURE = """
from spark_etl import DeltaSource, JdbcPartitioning, JdbcSource

class Read(SparkFeature):
    def __init__(self):
        self.sources = {"raw": %s}
    def transform(self, spark, start_date, end_date, raw):
        return raw
"""
# All in one process, whose session has the jars: each run is one in a session that it finds.
STEPS = """
import json, sys, time
from pyspark.sql import SparkSession
from spark_etl.cli import run_main

spark = SparkSession.builder.getOrCreate()

def append(table):
    spark.range(3).write.format("delta").mode("append").save(table)

def fill(url):
    frame = spark.range(100).selectExpr("id as ID", "concat('c', id % 7) as CUSTOMER")
    frame.write.jdbc(url, "ORDERS", properties={"driver": "org.h2.Driver", "user": "ada", "password": "s3cret"})

def run(*argv):
    time.sleep(1 - time.time() % 1)  # ids of runs are in order by the second: so `latest` is the one before
    assert run_main(argv) == 0

for name, *arguments in json.loads(sys.argv[1]):
    globals()[name](*arguments)
"""


@pytest.fixture
def with_jars(environment: dict[str, str]) -> dict[str, str]:
    jars = ",".join(map(str, sorted(Path(str(JARS)).glob("*.jar"))))
    return {
        **environment,
        "PYSPARK_SUBMIT_ARGS": f"--jars {jars} {DELTA} pyspark-shell",
        "SHOP_USER": "ada",
        "SHOP_PASSWORD": "s3cret",
    }


def carry_out(environment: dict[str, str], *steps: list[str]) -> str:
    """Returns what the runs say."""
    ended = subprocess.run(
        [sys.executable, "-c", STEPS, json.dumps(steps)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return ended.stderr


def test_a_delta_table_is_read_at_one_version(pipeline: Pipeline, with_jars: dict[str, str]) -> None:
    table = str(pipeline.folder / "table")
    append = ["append", table]
    pipeline.write(FEATURE % f'DeltaSource("{table}", version=0)')
    at_first = pipeline.config.rename(pipeline.project / "at_first.yaml")
    pipeline.write(FEATURE % f'DeltaSource("{table}")')
    run = ["run", *pipeline.argv("--checkpoint", "read")]
    run_at_first = [str(at_first) if word == str(pipeline.config) else word for word in run]
    again = [*run, "--resume", "latest"]

    shown = carry_out(with_jars, append, append, run_at_first, run, again, append, again)

    assert [run["read"].rows for run in reversed(list(pipeline.runs))] == [3, 6, 6, 9]
    decisions = [line for line in shown.splitlines() if "read  re" in line]
    assert "read  reused" in decisions[0], shown
    assert "read  recomputed: other data in source `raw`" in decisions[1], shown


def test_a_database_is_read_in_parts_and_never_taken_for_unchanged(
    pipeline: Pipeline, with_jars: dict[str, str]
) -> None:
    url = f"jdbc:h2:{pipeline.folder}/shop"
    login = 'user_env="SHOP_USER", password_env="SHOP_PASSWORD"'
    pipeline.write(
        FEATURE % f'JdbcSource("{url}", "ORDERS", {login}, '
        'partitioning=JdbcPartitioning("ID", 0, 100, 4), select_cols=["ID"])'
    )
    run = ["run", *pipeline.argv("--checkpoint", "read")]

    shown = carry_out(with_jars, ["fill", url], run, [*run, "--resume", "latest"])

    for kept in (run["read"] for run in pipeline.runs):
        assert sorted(kept.arrow().column("ID").to_pylist()) == list(range(100))
        assert len(kept.manifest.files) == 4
    assert "source `raw` has no version, so it may have changed" in shown
    assert not [file for file in pipeline.scratch.rglob("*.json") if "s3cret" in file.read_text()]
