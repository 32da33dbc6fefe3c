from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.sessions import notebook
from spark_etl.sessions.connect import CONNECT_MODE
from spark_etl.sessions.notebook import driver_heap

GIB = 1024**3
CONNECT: dict[str, Any] = {"classic": False}
CLASSIC: dict[str, Any] = {"classic": True}
LOCAL: dict[str, Any] = {"local": True}


class Context(str):
    """A session and its context: equal to what kind it is."""

    def __new__(cls, master: str) -> Context:
        made = super().__new__(cls, "local" if (master or "").startswith("local") else "classic")
        made.master = master
        return made

    master: str


class Pyspark:
    """What `present_kind` looks for in a process that has imported pyspark, and the doors to sessions."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.context: object | None = None
        self.session: object | None = None
        self.given: dict[str, str] = {}
        self.name = self.master = ""
        core = SimpleNamespace(SparkContext=SimpleNamespace(_active_spark_context=None))
        remote = SimpleNamespace(SparkSession=SimpleNamespace(_get_default_session=lambda: self.session))
        patch.setitem(sys.modules, "pyspark.core.context", core)
        patch.setitem(sys.modules, "pyspark.sql.connect.session", remote)
        patch.setattr(notebook, "connect_session", self.connect)
        patch.setattr(notebook, "build_session", self.build)
        self._core = core.SparkContext

    def connect(self, url: str | None, token: str | None) -> object:
        self.session = self.session or ("connect", url, token)
        return self.session

    def build(self, name: str, settings: dict[str, str], master: str) -> object:
        self._core._active_spark_context = self.context = self.context or Context(master)
        self.name, self.given, self.master = name, settings, master
        return self.context

    def stop(self) -> None:
        self._core._active_spark_context = self.context = self.session = None


@pytest.fixture
def pyspark(monkeypatch: pytest.MonkeyPatch) -> Pyspark:
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    monkeypatch.setenv("SPARK_LOCAL_IP", "10.0.0.7")
    monkeypatch.setenv("SPARK_MASTER_URL", "spark://spark-master:7077")
    return Pyspark(monkeypatch)


def test_spark_connect_is_what_nothing_said_means(pyspark: Pyspark) -> None:
    first: Any = notebook.spark()
    assert first[0] == "connect"
    assert notebook.spark() is first
    assert notebook.spark(classic=False) is first


def test_a_driver_of_ones_own_is_called_back_by_its_executors(pyspark: Pyspark) -> None:
    assert notebook.spark(classic=True, settings={"spark.cores.max": "1"}) == "classic"
    assert (pyspark.name, pyspark.master) == ("ada's notebook", "spark://spark-master:7077")
    assert pyspark.given["spark.driver.host"] == pyspark.given["spark.driver.bindAddress"] == "10.0.0.7"
    assert pyspark.given["spark.cores.max"] == "1"
    assert pyspark.given["spark.driver.memory"].endswith("m")


def test_spark_in_this_process_needs_nothing_of_the_cluster(pyspark: Pyspark) -> None:
    first = notebook.spark(local=True, settings={"spark.sql.shuffle.partitions": "4"})
    assert (first, pyspark.master) == ("local", "local[*]")
    assert pyspark.given["spark.driver.host"] == "127.0.0.1", "nobody calls it back"
    assert pyspark.given["spark.authenticate"] == pyspark.given["spark.ui.enabled"] == "false"
    assert pyspark.given["spark.driver.memory"].endswith("m")
    assert pyspark.given["spark.sql.shuffle.partitions"] == "4"
    assert notebook.spark() is notebook.spark(local=True)


@pytest.mark.parametrize("other", [{"classic": True}, {"url": "sc://spark-connect:15002"}])
def test_spark_is_in_this_process_or_elsewhere(pyspark: Pyspark, other: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="exclude each other"):
        notebook.spark(local=True, **other)


def test_without_a_cluster_spark_in_this_process_is_a_driver_of_ones_own(
    pyspark: Pyspark, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.spark(local=True)
    with pytest.raises(ArgumentError, match="Spark in this process already"):
        notebook.spark(classic=True)
    monkeypatch.delenv("SPARK_MASTER_URL")
    assert notebook.spark(classic=True) == "local"


def test_nothing_said_means_the_session_that_is_there(pyspark: Pyspark) -> None:
    notebook.spark(classic=True)
    assert notebook.spark() == "classic"


@pytest.mark.parametrize(
    ("first", "second", "hint"),
    [
        (CLASSIC, CONNECT, "restart the kernel, or spark(classic=True).stop(), and then spark()"),
        (CONNECT, CLASSIC, "restart the kernel, or spark().stop(), and then spark(classic=True)"),
        (CONNECT, LOCAL, "restart the kernel, or spark().stop(), and then spark(local=True)"),
        (LOCAL, CLASSIC, "restart the kernel, or spark(local=True).stop(), and then spark(classic=True)"),
        (CLASSIC, LOCAL, "restart the kernel, or spark(classic=True).stop(), and then spark(local=True)"),
    ],
)
def test_two_kinds_in_one_process_are_refused_with_the_way_out(
    pyspark: Pyspark, first: dict[str, Any], second: dict[str, Any], hint: str
) -> None:
    notebook.spark(**first)
    with pytest.raises(ArgumentError, match="serve one kind of session at a time") as raised:
        notebook.spark(**second)
    assert raised.value.hint == hint


def test_after_a_stop_the_other_kind_may_be_had(pyspark: Pyspark, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.spark()
    monkeypatch.setenv(CONNECT_MODE, "1")
    pyspark.stop()
    assert notebook.spark(classic=True) == "classic"
    assert CONNECT_MODE not in os.environ


def test_settings_that_would_have_no_effect_are_refused(pyspark: Pyspark) -> None:
    with pytest.raises(ArgumentError, match="when it starts"):
        notebook.spark(settings={"spark.cores.max": "1"})
    notebook.spark(classic=True)
    with pytest.raises(ArgumentError, match="when it starts"):
        notebook.spark(classic=True, settings={"spark.cores.max": "1"})


def test_outside_a_notebook_nothing_is_watched(pyspark: Pyspark) -> None:
    notebook.spark()
    assert notebook._watchers == []


@pytest.mark.parametrize(("limit", "size"), [(2 * GIB, "682m"), (GIB, "512m"), (64 * GIB, "4096m"), (None, "4096m")])
def test_a_driver_takes_a_third_of_its_container(limit: int | None, size: str) -> None:
    assert driver_heap(limit) == size
