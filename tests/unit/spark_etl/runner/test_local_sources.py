"""Sources on the driver's disk, where executors are elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.errors import ConfigError
from spark_etl.runner.local_sources import SHARED, configured_master

from tests.unit.spark_etl.runner.conftest import Line

CLUSTER = {"PYSPARK_SUBMIT_ARGS": "--master spark://spark-master:7077 pyspark-shell"}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CLUSTER.items():
        monkeypatch.setenv(name, value)


def with_source(line: Line, source: str) -> None:
    line.project.feature("orders", rates=source)


@pytest.mark.usefixtures("cluster")
def test_a_local_file_is_refused_on_a_cluster_with_what_to_do(line: Line) -> None:
    file = line.project.folder / "data_in" / "rates.csv"
    with_source(line, f"__import__('spark_etl').CsvSource({str(file)!r})")
    with pytest.raises(ConfigError) as caught:
        line.plan()
    assert caught.value.message == (
        f"feature `orders`: its source `rates`, CsvSource({str(file)!r}), is on the driver's disk: the executors of "
        "spark://spark-master:7077 can't read it"
    )
    assert "put it into the store" in (caught.value.hint or "")


def test_a_local_file_is_refused_for_a_server_elsewhere(line: Line) -> None:
    with_source(line, "__import__('spark_etl').ParquetSource('/in/{date}')")
    with pytest.raises(ConfigError, match=r"ParquetSource\('/in/\{date\}'\), .* executors of spark\.example:15002"):
        line.plan("--remote", "sc://spark.example:15002", "--scratch-path", "s3a://b/s", "--publish-path", "s3a://b/p")


@pytest.mark.parametrize("how", ["local", "no cluster", "shared", "s3", "one of the user's own"])
def test_what_executors_can_read_is_not(line: Line, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how != "no cluster":
        for name, value in CLUSTER.items():
            monkeypatch.setenv(name, value)
    if how == "shared":
        monkeypatch.setenv(SHARED, "/mnt/nfs:/in")
    path = "s3a://published/in" if how == "s3" else "/in/rates.csv"
    with_source(line, f"Own({path!r})" if how == "one of the user's own" else f"CsvSource({path!r})")
    file = line.project.folder / line.project.package / "orders.py"
    file.write_text(
        "from spark_etl import CsvSource\nclass Own(CsvSource):\n    def read(self, spark, dates): ...\n"
        + file.read_text()
    )
    assert line.plan(*(["--local"] if how == "local" else [])).order


@pytest.mark.parametrize(
    ("environment", "conf", "expected"),
    [
        ({}, "", "local"),
        ({"PYSPARK_SUBMIT_ARGS": "--conf a=b pyspark-shell"}, "", "local"),
        (CLUSTER, "spark.master yarn\n", "spark://spark-master:7077"),
        ({}, "# spark.master x\nspark.masterful y\nspark.master   yarn\n", "yarn"),
        ({}, "spark.master=k8s://host\n", "k8s://host"),
    ],
)
def test_the_master_is_found_without_spark(
    tmp_path: Path, environment: dict[str, str], conf: str, expected: str
) -> None:
    (tmp_path / "spark-defaults.conf").write_text(conf)
    assert configured_master({**environment, "SPARK_CONF_DIR": str(tmp_path)}) == expected
