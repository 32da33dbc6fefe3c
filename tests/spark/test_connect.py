"""The same project through Spark Connect: one server for all of them, beside the runner."""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import functions
from spark_etl.errors import ConfigError
from spark_etl.runner.backend import connect_mode, open_backend
from spark_etl.runner.backend.connect import explain_unsupported_attribute
from spark_etl.runner.failure.error import as_feature_error
from spark_etl.sessions.lost import SessionLostError

from tests.spark.support import TOKEN, Pipeline, SharedSpark
from tests.spark.test_order import FIRST, SORTED

COUNTED_BY_UDF = """
@F.udf("string")
def shout(text):
    return text.upper()

class Counted(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.withColumn("u", shout("customer")).groupBy("u").count()
"""
NEEDS_JVM = """
class Parallel(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return spark.sparkContext.parallelize([(1,)]).toDF()
"""


@pytest.fixture
def backend(server: str, shared_spark: SharedSpark, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One for each test: a run through Spark Connect in this process ends the session that it shares with it."""
    shared_spark.stop()
    monkeypatch.setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", TOKEN)
    with connect_mode(server):
        opened = open_backend("tests", {"spark.sql.shuffle.partitions": "2"}, server)
        yield opened
        opened.stop(silently=True)


def test_a_session_of_the_server_tells_what_it_is(backend: Any, server: str) -> None:
    facts = backend.facts()
    assert (facts["backend"], facts["master"]) == ("connect", server)
    assert TOKEN not in str(facts)
    assert backend.spark.conf.get("spark.sql.shuffle.partitions") == "2"


def test_work_of_two_threads_is_counted_apart(backend: Any) -> None:
    def worked(group: str, partitions: int) -> int:
        with backend.work(group, "text"):
            return len(backend.spark.range(0, 100, 1, partitions).where("id % 2 = 0").collect())

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(worked, ["one", "publish:two"], [3, 5])) == [50, 50]

    assert [backend.counts(group).tasks for group in ("one", "publish:two", "three")] == [3, 5, 0]
    assert backend.spark.getTags() == set()


def test_shipped_code_reaches_udfs(backend: Any, tmp_path: Path) -> None:
    archive = tmp_path / "project-code.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("shipped_by_test.py", "ANSWER = 42\n")
    backend.ship(archive)

    def answer(_: int) -> int:
        return int(importlib.import_module("shipped_by_test").ANSWER)

    frame = backend.spark.range(1).select(functions.udf(answer, "int")("id").alias("x"))
    assert [row.x for row in frame.collect()] == [42]


def test_a_plan_is_explained_but_not_judged(backend: Any) -> None:
    frame = backend.spark.range(3).where("id > 1")
    assert "== Physical Plan ==" in backend.explain(frame)
    assert backend.is_deterministic(frame) is None
    assert backend.failed_metrics("one") == []


def test_a_plan_tells_whether_its_rows_are_sorted(backend: Any) -> None:
    frame = backend.spark.range(9)
    assert backend.is_ordered(frame) is False
    assert backend.is_ordered(frame.orderBy("id").where("id > 1").select((frame.id + 1).alias("x"))) is True
    assert backend.is_ordered(frame.select("no_such_column")) is False


def test_settings_of_the_server_are_refused_by_name(backend: Any, server: str) -> None:
    with pytest.raises(ConfigError, match=r"does not take `spark.executor.memory`, `spark.jars`"):
        open_backend("tests", {"spark.executor.memory": "4g", "spark.jars": "x.jar"}, server)


@pytest.mark.parametrize("attribute", ["sparkContext", "_jvm", "_jsc"])
def test_what_a_client_lacks_is_reported_with_what_to_use_instead(backend: Any, attribute: str) -> None:
    with pytest.raises(Exception, match="JVM_ATTRIBUTE") as raised:
        getattr(backend.spark, attribute)
    error = raised.value
    assert isinstance(error, Exception)
    feature_error = as_feature_error("orders", error, Path("/nowhere"))
    assert f"`{attribute}`" in feature_error.message
    assert "Spark Connect" in feature_error.message
    assert feature_error.hint
    assert explain_unsupported_attribute(ValueError("x")) is None


def test_a_session_that_the_server_has_forgotten_is_a_sentence(backend: Any) -> None:
    backend.spark.client.release_session()  # as a server that was killed and is up again
    with pytest.raises(SessionLostError, match="was restarted: this session is gone") as caught:
        backend.spark.range(5).count()
    assert "spark() for a new session" in str(caught.value.hint)


@pytest.fixture
def server_with_token(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", TOKEN)
    return server


def test_a_project_runs_unchanged(pipeline: Pipeline, orders: str, server_with_token: str) -> None:
    pipeline.write(orders + COUNTED_BY_UDF, {"counted": "counted"})

    ended = pipeline.run("--checkpoint", "orders", "--remote", server_with_token)

    assert ended.code == 0, ended.shown
    assert ended.run is not None
    assert ended.run["orders"].rows == 100
    assert sum(row["count"] for row in pipeline.output("counted")) == 100
    assert TOKEN not in ended.shown


def test_rows_keep_their_order(pipeline: Pipeline, server_with_token: str) -> None:
    pipeline.write(SORTED + FIRST, {"first": "first"})

    ended = pipeline.run("--checkpoint", "sorted", "--remote", server_with_token)

    assert ended.code == 0, ended.shown
    assert sorted(row["id"] for row in pipeline.output("first")) == list(range(10))


def test_a_project_that_needs_the_jvm_is_refused(pipeline: Pipeline, orders: str, server_with_token: str) -> None:
    pipeline.write(orders + NEEDS_JVM)

    ended = pipeline.run("--checkpoint", "parallel", "--remote", server_with_token)

    assert ended.code == 5
    assert "`sparkContext` is not there through Spark Connect" in ended.shown
    assert "run without --remote" in ended.shown


BAD_ROW = """
from spark_etl import CsvSource
class Rates(SparkFeature):
    def __init__(self):
        self.sources = {"raw": CsvSource(%r, schema="cur string, rate double")}
    def transform(self, spark, start_date, end_date, raw):
        return raw
class Stops(SparkFeature):
    def __init__(self):
        self.sources = {}
    def transform(self, spark, start_date, end_date):
        if spark.createDataFrame([("x" * 1000,)] * 3000, "v string").count() == 3000:  # more than 1 MB
            spark.stop()
"""


def test_what_fails_is_named_as_without_the_server(pipeline: Pipeline, server_with_token: str) -> None:
    (pipeline.folder / "a.csv").write_text('cur,rate\nEUR,1\nUSD,"1,50"\n')
    pipeline.write(BAD_ROW % f"{pipeline.folder}/a.csv")

    row = pipeline.run("--checkpoint", "rates", "--remote", server_with_token)
    stop = pipeline.run("--checkpoint", "stops", "--remote", server_with_token)

    assert (row.code, stop.code) == (5, 5)
    assert f"`rates` failed: file://{pipeline.folder}/a.csv, line 3, column `rate`: '1,50' is no double" in row.shown
    assert "`stops` failed: it stops Spark: spark.stop()" in stop.shown
    assert "    spark.stop()" in stop.shown


def test_a_wrong_token_ends_the_run_at_once(pipeline: Pipeline, orders: str, server: str) -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", "wrong")
    pipeline.write(orders)

    ended = pipeline.run("--checkpoint", "orders", "--remote", server)
    patch.undo()

    assert ended.code == 5
    assert "refuses a session" in ended.shown
