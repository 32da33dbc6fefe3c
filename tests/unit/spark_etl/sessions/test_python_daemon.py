from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest
import spark_etl
from spark_etl.sessions.classic import daemon_settings
from spark_etl.sessions.python_daemon import encodable_traceback

from tests.unit.spark_docker.test_defaults import SETTINGS


def test_whatever_a_workers_exception_says_can_be_encoded() -> None:
    """The three ways in which pyspark.util.handle_worker_exception makes its text."""
    shim = encodable_traceback()
    try:
        int("bad \ud800 text")
    except ValueError as error:
        given = (type(error), error, error.__traceback__)
        texts = [shim.format_exc(), *shim.format_exception(*given), *shim.format_exception_only(*given[:2])]
    assert "'bad \\ud800 text'" in "".join(texts).encode().decode()
    assert shim.extract_tb(given[2])


def test_the_daemon_is_set_only_where_workers_can_import_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SETTINGS["spark.python.daemon.module"].strip()
    assert importlib.util.find_spec(module)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert daemon_settings() == {}
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/elsewhere", str(Path(spark_etl.__file__).parents[1])]))
    assert daemon_settings() == {"spark.python.daemon.module": module}
    monkeypatch.setenv("PYSPARK_PYTHON", "/usr/bin/another-python")
    assert daemon_settings() == {}
