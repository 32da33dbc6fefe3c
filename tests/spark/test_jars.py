"""Sources that need jars which Spark has not: Delta tables and a database, in `SPARK_ETL_TEST_JARS`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spark.support import RUNNER, Pipeline

JARS = os.environ.get("SPARK_ETL_TEST_JARS")
pytestmark = pytest.mark.skipif(
    not JARS, reason="SPARK_ETL_TEST_JARS names no folder: tests/matrix/jars are for Spark 4.1"
)
DELTA = (
    "--conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension "
    "--conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog"
)
FEATURE = """
from spark_etl import DeltaSource, JdbcSource, Parts

class Read(SparkFeature):
    def __init__(self):
        self.sources = {"raw": %s}
    def transform(self, spark, start_date, end_date, raw):
        return raw
"""
APPEND = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(3).write.format("delta").mode("append").save(sys.argv[1])
"""
DATABASE = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
frame = spark.range(100).selectExpr("id as ID", "concat('c', id % 7) as CUSTOMER")
frame.write.jdbc(sys.argv[1], "ORDERS", properties={"driver": "org.h2.Driver", "user": "ada", "password": "s3cret"})
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


def python(environment: dict[str, str], *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=180
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return ended.stderr


def test_a_delta_table_is_read_at_one_version(pipeline: Pipeline, with_jars: dict[str, str]) -> None:
    table = str(pipeline.folder / "table")
    python(with_jars, "-c", APPEND, table)
    python(with_jars, "-c", APPEND, table)
    line = [str(RUNNER), *pipeline.argv("--checkpoint", "read", "--resume", "latest")]
    first = [word for word in line if word not in {"--resume", "latest"}]

    pipeline.write(FEATURE % f'DeltaSource("{table}", version=0)')
    python(with_jars, *first)
    assert pipeline.runs.latest()["read"].rows == 3
    pipeline.write(FEATURE % f'DeltaSource("{table}")')
    python(with_jars, *first)
    assert pipeline.runs.latest()["read"].rows == 6
    assert "read  reused" in python(with_jars, *line)
    python(with_jars, "-c", APPEND, table)
    assert "read  recomputed: other data in source `raw`" in python(with_jars, *line)
    assert pipeline.runs.latest()["read"].rows == 9


def test_a_database_is_read_in_parts_and_never_taken_for_unchanged(
    pipeline: Pipeline, with_jars: dict[str, str]
) -> None:
    url = f"jdbc:h2:{pipeline.folder}/shop"
    python(with_jars, "-c", DATABASE, url)
    login = 'user_env="SHOP_USER", password_env="SHOP_PASSWORD"'
    pipeline.write(
        FEATURE % f'JdbcSource("{url}", "ORDERS", {login}, parts=Parts("ID", 0, 100, 4), select_cols=["ID"])'
    )
    line = [str(RUNNER), *pipeline.argv("--checkpoint", "read")]

    python(with_jars, *line)

    kept = pipeline.runs.latest()["read"]
    assert sorted(kept.arrow().column("ID").to_pylist()) == list(range(100))
    assert len(kept.manifest.files) == 4
    assert "it can't be told whether source `raw` has changed" in python(with_jars, *line, "--resume", "latest")
    assert not [file for file in pipeline.scratch.rglob("*.json") if "s3cret" in file.read_text()]
