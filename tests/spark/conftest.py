"""Pipelines run by the runner on a local master: `pytest tests/spark`, where pyspark is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spark.support import ORDERS, Pipeline, SharedSpark

# Frames of a few rows: the JVM's second compiler would take more time than it saves.
DEFAULTS = """
spark.master                     local[2]
spark.ui.enabled                 false
spark.driver.memory              1g
spark.driver.extraJavaOptions    -XX:+UseSerialGC -XX:TieredStopAtLevel=1
spark.sql.shuffle.partitions     3
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


@pytest.fixture
def environment() -> dict[str, str]:
    """What a process needs to run the runner."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.fixture
def orders(pipeline: Pipeline) -> str:
    """The source of a module that begins with a snapshot feature `Orders`."""
    return ORDERS % pipeline.source()
