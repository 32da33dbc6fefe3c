"""Pipelines run by the runner on a local master: `pytest tests/spark`, where pyspark is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pipelines.revenue
import pyspark
import pytest
from pipelines.revenue.generate import main as generate
from spark_etl.cli import run_main
from spark_etl.config import load_config
from spark_etl.reading import Run, Runs

from tests.spark.support import ORDERS, TOKEN, Pipeline, SharedSpark

REVENUE = Path(pipelines.revenue.__file__).parent
CONNECT_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
# Frames of a few rows: the JVM's second compiler and code made for each query would take more time than they save.
# On the stack, code is made.
DEFAULTS = """
spark.master                     local[2]
spark.ui.enabled                 false
spark.driver.memory              1g
spark.driver.extraJavaOptions    -XX:+UseSerialGC -XX:TieredStopAtLevel=1
spark.sql.shuffle.partitions     3
spark.sql.codegen.wholeStage     false
spark.sql.codegen.factoryMode    NO_CODEGEN
spark.sql.session.timeZone       UTC
"""
LOGS = """
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n
"""


@pytest.fixture(autouse=True, scope="session")
def spark_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings of Spark for a test: in this process and in every one it starts."""
    folder = tmp_path_factory.mktemp("conf")
    (folder / "spark-defaults.conf").write_text(DEFAULTS)
    (folder / "log4j2.properties").write_text(LOGS)
    patch = pytest.MonkeyPatch()
    patch.setenv("SPARK_CONF_DIR", str(folder))
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    patch.setenv("SPARK_LAUNCHER_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1")
    for name in ("SMTP_HOST", "SANDBOX_SCRATCH"):
        patch.delenv(name, raising=False)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def shared_spark(spark_settings: None) -> Iterator[SharedSpark]:
    shared = SharedSpark()
    yield shared
    shared.stop()


@pytest.fixture
def pipeline(tmp_path: Path, capfd: pytest.CaptureFixture[str], shared_spark: SharedSpark) -> Iterator[Pipeline]:
    path = list(sys.path)
    yield Pipeline(tmp_path, capfd, shared_spark)
    sys.path[:] = path


@pytest.fixture(scope="session")
def published_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sources of the sample pipeline lie."""
    folder = tmp_path_factory.mktemp("published")
    assert generate(["--rows", "600", "--to", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def kept_sample_run(tmp_path_factory: pytest.TempPathFactory, published_sample: Path, shared_spark: SharedSpark) -> Run:
    config, scratch = REVENUE / "feature_config.yaml", str(tmp_path_factory.mktemp("sample") / "scratch")
    argv = ["--team-name", "team", "--feature-config", str(config), "--scratch-path", scratch]
    argv += ["--publish-path", f"{scratch}/../publish", "--start-date", "2024-02-29", "--end-date", "2024-02-29"]
    path = list(sys.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_PUBLISHED", str(published_sample))
        forget_sample()
        shared_spark.start()
        assert run_main([*argv, "--checkpoint", *load_config(config).features]) == 0
        forget_sample()
    sys.path[:] = path
    return Runs(scratch).latest()


@pytest.fixture
def sample_run(kept_sample_run: Run, published_sample: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run of the sample pipeline that has kept every feature; its modules are imported anew, and forgotten."""
    monkeypatch.setenv("SANDBOX_PUBLISHED", str(published_sample))
    path = list(sys.path)
    forget_sample()
    yield kept_sample_run
    forget_sample()
    sys.path[:] = path


def forget_sample() -> None:
    """Forgets the modules of the sample pipeline: functions in them know the context of the test before."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "features"]:
        del sys.modules[name]


@pytest.fixture
def environment() -> dict[str, str]:
    """What a process needs to run the runner."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.fixture
def orders(pipeline: Pipeline) -> str:
    """The source of a module that begins with a snapshot feature `Orders`."""
    return ORDERS % pipeline.source()


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, spark_settings: None) -> Iterator[str]:
    """The address of a Spark Connect server that asks for a token; one for all tests that need one."""
    port, log = free_port(), tmp_path_factory.mktemp("connect") / "log"
    home = os.environ.get("SPARK_HOME") or str(Path(pyspark.__file__).parent)
    settings = ["spark.connect.grpc.binding.address=127.0.0.1", f"spark.connect.grpc.binding.port={port}"]
    argv = [f"{home}/bin/spark-submit", "--master", "local[2]", "--class", CONNECT_SERVER]
    argv += [word for setting in settings for word in ("--conf", setting)]
    environment = {**os.environ, "SPARK_CONNECT_AUTHENTICATE_TOKEN": TOKEN, "SPARK_NO_DAEMONIZE": "1"}
    with log.open("w") as out:
        process = subprocess.Popen([*argv, "spark-internal"], env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_for(port, process, log)
            yield f"sc://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < end, log.read_text()[-3000:]
            time.sleep(0.2)
        else:
            return
