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
    __module__ = "pyspark.errors.exceptions.captured"


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
    assert "rates.py\", line 2, in rate\n    return frame['CHF']\n           ~~~~~^^^^^^^" in feature_error.frames
    assert "test_failure" not in feature_error.frames


def test_of_a_python_worker_only_the_projects_frames_and_the_reason_are_shown(project: Path) -> None:
    feature_error = as_feature_error(
        "net", PythonException(f"{WORKER}\tat org.apache.Y.z(Y.scala:1)\n{WORKER}"), project
    )
    assert feature_error.reason == "ZeroDivisionError: division by zero"
    assert feature_error.frames.count(f'File "{project}/features/rates.py", line 7, in convert') == 1
    assert "return amount / rate" in feature_error.frames
    assert "worker.py" not in feature_error.frames


def test_of_a_group_in_a_worker_the_projects_frames_are_shown(project: Path) -> None:
    text = WORKER.replace("Traceback (", "  + Exception Group Traceback (").replace("\n  ", "\n  |   ")
    frames = as_feature_error("net", PythonException(text), project).frames
    assert frames.startswith(f'  File "{project}/features/rates.py", line 7, in convert\n    return amount / rate')


def test_a_worker_s_frame_that_spark_raises_again_here_is_shown_once_and_as_the_own_file(project: Path) -> None:
    source = "\n" * 6 + "def convert():\n    raise ZeroDivisionError\n"
    scope: dict[str, object] = {}
    exec(compile(source, "./revenue-code.zip/features/rates.py", "exec"), scope)  # noqa: S102
    error = PythonException(WORKER.replace("line 7", "line 8"))
    with pytest.raises(ZeroDivisionError) as caught:
        scope["convert"]()  # type: ignore[operator]
    frames = as_feature_error("net", error.with_traceback(caught.value.__traceback__), project).frames
    assert frames.count("in convert") == 1
    assert f'File "{project}/features/rates.py", line 8, in convert' in frames
    assert ".zip" not in frames


def test_a_frame_that_spark_has_made_up_has_no_marks_below_its_line(project: Path) -> None:
    code = compile("\nraise __traceback_maker", str(project / "features/rates.py"), "exec")
    with pytest.raises(ZeroDivisionError) as caught:
        exec(code.replace(co_name="rate"), {"__traceback_maker": ZeroDivisionError})  # noqa: S102
    frames = as_feature_error("rates", caught.value, project).frames
    assert frames.endswith(f"{project}/features/rates.py\", line 2, in rate\n    return frame['CHF']\n")


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


def test_a_connection_of_the_projects_own_is_not_the_jvms(project: Path) -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        raise ConnectionRefusedError(111, "Connection refused")
    feature_error = as_feature_error("net", caught.value, project)
    assert feature_error.reason == "ConnectionRefusedError: [Errno 111] Connection refused"
    with pytest.raises(ConnectionRefusedError) as caught:
        exec(compile("raise ConnectionRefusedError(111)", "/opt/py4j/java_gateway.py", "exec"))  # noqa: S102
    assert "JVM on the driver is gone" in as_feature_error("net", caught.value, project).reason


def test_under_spark_submit_the_echo_of_a_stop_is_no_failure(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = ValueError("x")
    error.__context__ = RuntimeError("Job 3 cancelled because SparkContext was shut down")
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert spark_was_stopped(error)
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT")
    assert not spark_was_stopped(error)
    assert "JVM on the driver is gone" in as_feature_error("net", error, project).reason
    assert not spark_was_stopped(Py4JNetworkError("Answer from Java side is empty"))
