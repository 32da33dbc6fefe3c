"""The seam between a run and classic Spark."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pyspark.sql import functions
from spark_etl.errors import ArgumentError
from spark_etl.runner.backend import Counts, check_reachable, open_backend, resolve_remote
from spark_etl.runner.backend.base import analysed_plan, is_sorted
from spark_etl.runner.backend.classic import ClassicBackend

from tests.spark.support import SharedSpark


@pytest.fixture(scope="module")
def backend(shared_spark: SharedSpark) -> Iterator[Any]:
    shared_spark.stop()
    opened = open_backend("tests", {"spark.sql.shuffle.partitions": "2", "spark.ui.enabled": "false"}, local=True)
    yield opened
    opened.stop(silently=True)


def test_settings_are_those_of_the_session_and_pools_are_fair(backend: Any) -> None:
    assert backend.spark.conf.get("spark.sql.shuffle.partitions") == "2"
    assert backend.spark.sparkContext.getConf().get("spark.scheduler.mode") == "FAIR"
    assert backend.not_applied == ()
    assert backend.facts()["master"] == "local[*]"


def test_work_of_two_threads_does_not_mix(backend: Any) -> None:
    both = Barrier(2)

    def worked(group: str, partitions: int) -> set[str | None]:
        context = backend.spark.sparkContext
        with backend.work(group, f"{group}: checkpoint"):
            both.wait(60)
            backend.spark.range(100, numPartitions=partitions).foreach(lambda _: None)
            pool = context.getLocalProperty("spark.scheduler.pool")
            both.wait(60)
        return {pool, context.getLocalProperty("spark.jobGroup.id"), context.getLocalProperty("spark.scheduler.pool")}

    with ThreadPoolExecutor(2) as threads:
        pools = list(threads.map(worked, ["one", "publish:two"], [3, 5]))

    assert pools == [{"one", None}, {"publish:two", None}]
    assert backend.counts("one") == Counts(stages=1, tasks=3, done_tasks=3)
    assert backend.counts("publish:two") == Counts(stages=1, tasks=5, done_tasks=5)
    assert backend.counts("three") == Counts()


def test_skipped_stages_are_counted_without_their_tasks(backend: Any) -> None:
    pairs = backend.spark.sparkContext.parallelize([(1, 1), (2, 2)], 4).groupByKey(2)
    with backend.work("grouped", "first"):
        pairs.count()
        pairs.count()

    assert backend.counts("grouped") == Counts(stages=4, tasks=8, done_tasks=8)


def test_failed_tasks_are_counted_after_the_failure(backend: Any) -> None:
    def fail(_: Any) -> None:
        raise ValueError("no")

    with pytest.raises(Exception, match="no"), backend.work("failing", "text"):
        backend.spark.range(1, numPartitions=1).foreach(fail)

    assert backend.counts("failing").failed_tasks >= 1
    assert backend.spark.sparkContext.getLocalProperty("spark.jobGroup.id") is None


def test_all_work_can_be_cancelled(backend: Any) -> None:
    def slow() -> None:
        with backend.work("slow", "text"):
            backend.spark.range(20, numPartitions=20).foreach(lambda _: __import__("time").sleep(5))

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(slow)
        while not backend.counts("slow").tasks:
            assert not running.done()
        backend.cancel()
        with pytest.raises(Exception, match="cancelled"):
            running.result(timeout=60)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("1", True),
        ("rand()", False),
        ("id + uuid()", False),
        ("current_timestamp()", False),
        ("now()", False),
        ("localtimestamp()", False),
        ("datediff(current_date(), date '2024-02-29')", False),
        ("unix_timestamp()", False),
        ("(SELECT max(current_timestamp()) FROM range(3))", False),
        ("timestamp '2024-02-29 10:11:12'", True),
    ],
)
def test_the_analysed_plan_tells_whether_it_is_deterministic(backend: Any, column: str, expected: bool) -> None:
    frame = backend.spark.range(3).selectExpr(f"{column} AS x").groupBy("x").count()
    assert backend.is_deterministic(frame) is expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id FROM range(9) ORDER BY id", True),
        ("SELECT id + 1 AS x FROM (SELECT id, -id AS y FROM range(9) ORDER BY y) WHERE id > 1 LIMIT 5", True),
        ("SELECT id FROM range(9) WHERE id > (SELECT max(id) FROM range(3)) ORDER BY id", True),
        ("WITH a AS (SELECT id FROM range(9)) SELECT a.id FROM a ORDER BY id", True),
        ("SELECT explode(array(id, id)) FROM (SELECT id FROM range(9) ORDER BY id DESC)", True),
        ("SELECT /*+ COALESCE(1) */ id FROM (SELECT id FROM range(9) ORDER BY id)", True),
        ("SELECT /*+ REPARTITION(3) */ id FROM (SELECT id FROM range(9) ORDER BY id)", False),
        ("SELECT id FROM range(9) SORT BY id", False),
        ("SELECT id FROM range(9)", False),
        ("SELECT 'Sort [id], true' AS id", False),
        ("SELECT id, count(*) FROM (SELECT id FROM range(9) ORDER BY id) GROUP BY id", False),
        ("SELECT a.id FROM (SELECT id FROM range(9) ORDER BY id) a JOIN range(3) b ON a.id = b.id", False),
        ("SELECT id FROM range(3) UNION ALL (SELECT id FROM range(9) ORDER BY id)", False),
    ],
)
def test_the_analysed_plan_tells_whether_rows_are_sorted(backend: Any, query: str, expected: bool) -> None:
    frame = backend.spark.sql(query)
    assert backend.is_ordered(frame) is expected
    assert is_sorted(analysed_plan(backend.explain(frame))) is expected, "a client has only the text"


def test_a_plan_is_explained_and_cut(backend: Any) -> None:
    frame = backend.spark.range(3).where("id > 1")
    text = backend.explain(frame)
    assert "== Analyzed Logical Plan ==" in text
    assert "== Physical Plan ==" in text
    wide = backend.explain(frame.select(*[functions.lit("x" * 20_000).alias(f"c{n}") for n in range(20)]))
    assert len(wide) < 200_100
    assert wide.endswith("characters more")


def test_a_running_context_takes_only_what_a_session_can_change(backend: Any) -> None:
    settings = {"spark.executor.memory": "4g", "spark.sql.shuffle.partitions": "3", "spark.driver.memory": "9g"}
    again = ClassicBackend.open("again", settings, master=None, quiet=True)

    assert set(again.not_applied) == {"spark.executor.memory", "spark.driver.memory"}
    assert again.spark.conf.get("spark.sql.shuffle.partitions") == "3"
    backend.spark.conf.set("spark.sql.shuffle.partitions", "2")  # it is the same session


def test_a_context_that_was_found_is_left_as_it_is(backend: Any, tmp_path: Path) -> None:
    includes, path = list(backend.spark.sparkContext._python_includes), list(sys.path)
    for run in ("one", "two"):
        archive = tmp_path / f"{run}-code.zip"
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr(f"found_by_{run}.py", "")
        found = ClassicBackend.open(run, {}, master=None, quiet=True)
        found.ship(archive)
        archive.unlink()
        found.stop(silently=True)

    assert backend.spark.range(3).count() == 3, "executors still find what was shipped"
    assert (backend.spark.sparkContext._python_includes, sys.path) == (includes, path)


def test_jobs_of_others_in_a_context_that_was_found_are_not_counted(backend: Any) -> None:
    with backend.work("same", "same"):
        backend.spark.range(100, numPartitions=3).foreach(lambda _: None)
    found = ClassicBackend.open("found", {}, master=None, quiet=True)
    with found.work("same", "same"):
        found.spark.range(100, numPartitions=5).foreach(lambda _: None)

    assert [one.counts("same").tasks for one in (backend, found)] == [3, 5]


def test_jobs_of_others_in_a_context_that_was_found_are_not_cancelled(backend: Any) -> None:
    found = ClassicBackend.open("found", {}, master=None, quiet=True)

    def slow(of: Any) -> None:
        with of.work("side by side", "text"):
            of.spark.range(2, numPartitions=2).foreach(lambda _: __import__("time").sleep(3))

    with ThreadPoolExecutor(2) as threads:
        running = {of: threads.submit(slow, of) for of in (backend, found)}
        while not all(of.counts("side by side").tasks for of in running):
            assert not any(one.done() for one in running.values())
        found.cancel()
        with pytest.raises(Exception, match="cancelled"):
            running[found].result(timeout=60)
        running[backend].result(timeout=60)


@pytest.mark.parametrize(
    ("remote", "environment", "found"),
    [
        (None, {}, None),
        (None, {"SPARK_REMOTE": "sc://a"}, "sc://a"),
        (None, {"SPARK_REMOTE": "sc://a", "PYSPARK_GATEWAY_PORT": "1"}, None),
        (None, {"SANDBOX_CONNECT_URL": "sc://a"}, None),
        ("", {"SANDBOX_CONNECT_URL": "sc://b", "SPARK_REMOTE": "sc://a"}, "sc://b"),
        ("sc://c:1", {"SPARK_REMOTE": "sc://a"}, "sc://c:1"),
    ],
)
def test_where_a_run_goes(
    monkeypatch: pytest.MonkeyPatch, remote: str | None, environment: dict[str, str], found: str | None
) -> None:
    for name in ("SPARK_REMOTE", "SANDBOX_CONNECT_URL", "PYSPARK_GATEWAY_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert resolve_remote(remote, local=False) == found
    assert resolve_remote(None, local=True) is None


@pytest.mark.parametrize(
    ("remote", "local", "expected"),
    [
        ("sc://a", True, "exclude each other"),
        ("http://a", False, "no address of a Spark Connect server"),
        ("sc://a/;token=hidden", False, "read by everybody"),
        ("", False, "names no server"),
    ],
)
def test_addresses_that_make_no_sense_are_refused(
    monkeypatch: pytest.MonkeyPatch, remote: str, local: bool, expected: str
) -> None:
    for name in ("SPARK_REMOTE", "SANDBOX_CONNECT_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ArgumentError, match=expected) as refused:
        resolve_remote(remote, local=local)
    assert "hidden" not in str(refused.value)


def test_a_folder_of_this_machine_is_refused_with_a_server_elsewhere() -> None:
    paths = ["s3a://scratch", "file:///tmp/here"]
    with pytest.raises(ArgumentError, match=r"spark-connect:15002 can't use local folders: file:///tmp/here"):
        check_reachable("sc://spark-connect:15002", paths)
    check_reachable("sc://localhost:15002", paths)
    check_reachable(None, paths)
