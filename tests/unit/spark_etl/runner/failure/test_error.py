from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.errors import ConfigError, FeatureError
from spark_etl.runner.failure.error import as_feature_error
from spark_etl.runner.signals import spark_was_stopped

WORKER = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/opt/venv/lib/python3.13/site-packages/pyspark/worker.py", line 3369, in main
    process()
  File "/tmp/spark-1/revenue-code.zip/features/rates.py", line 7, in convert
    return amount / rate
           ~~~~~~~^~~~~~
ZeroDivisionError: division by zero
"""


class PythonException(Exception):  # noqa: N818 - Spark's own name
    pass


class Py4JNetworkError(Exception):
    pass


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "rates.py").write_text("def rate(frame):\n    return frame['CHF']\n")
    return tmp_path


def test_only_the_projects_frames_of_the_driver_are_shown(project: Path) -> None:
    code = compile((project / "features/rates.py").read_text(), str(project / "features/rates.py"), "exec")
    scope: dict[str, object] = {}
    exec(code, scope)  # noqa: S102
    with pytest.raises(KeyError) as caught:
        scope["rate"]({})  # type: ignore[operator]
    feature_error = as_feature_error("rates", caught.value, project)
    assert feature_error.message == "feature `rates` failed: KeyError: 'CHF'"
    assert 'rates.py", line 2, in rate' in feature_error.frames
    assert "test_failure" not in feature_error.frames


def test_of_a_python_worker_only_the_projects_frames_and_the_reason_are_shown(project: Path) -> None:
    feature_error = as_feature_error("net", PythonException(WORKER), project)
    assert feature_error.reason == "ZeroDivisionError: division by zero"
    assert f'File "{project}/features/rates.py", line 7, in convert' in feature_error.frames
    assert "return amount / rate" in feature_error.frames
    assert "worker.py" not in feature_error.frames


def test_a_long_message_is_cut(project: Path) -> None:
    feature_error = as_feature_error("net", ValueError("\n".join(map(str, range(100)))), project)
    assert feature_error.reason.endswith("19\n…")


def test_what_the_library_raised_keeps_its_words_and_hint(project: Path) -> None:
    feature_error = as_feature_error("net", ConfigError("no column `x`", hint="look"), project)
    assert (feature_error.message, feature_error.hint) == ("feature `net` failed: no column `x`", "look")
    assert as_feature_error("other", feature_error, project) is feature_error


def test_a_driver_without_its_jvm_says_so(project: Path) -> None:
    feature_error = as_feature_error("net", Py4JNetworkError("Answer from Java side is empty"), project)
    assert isinstance(feature_error, FeatureError)
    assert "JVM on the driver is gone" in feature_error.reason


def test_under_spark_submit_the_echo_of_a_stop_is_no_failure(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = ValueError("x")
    error.__context__ = RuntimeError("Job 3 cancelled because SparkContext was shut down")
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert spark_was_stopped(error)
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT")
    assert not spark_was_stopped(error)
    assert "JVM on the driver is gone" in as_feature_error("net", error, project).reason
    assert not spark_was_stopped(Py4JNetworkError("Answer from Java side is empty"))
