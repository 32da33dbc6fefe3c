"""When two failures are the same one."""

from __future__ import annotations

import pytest
from spark_etl.debugging.signature import signature_of, without_literals
from spark_etl.store import ErrorRecord, FeatureRecord, RunDocument

FRAMES = '  File "{file}", line {line}, in {function}\n    return 1 / total\n'


def failed(
    message: str = "ZeroDivisionError: division by zero",
    *,
    kind: str = "PythonException",
    project: str = "/project",
    file: str = "features/report.py",
    function: str = "share",
    line: int = 12,
) -> RunDocument:
    frames = FRAMES.format(file=f"{project}/features/other.py", line=3, function="transform")
    frames += FRAMES.format(file=f"{project}/{file}", line=line, function=function)
    error = ErrorRecord(f"feature `report` failed: {message}", frames, kind, "report")
    features = {"report": FeatureRecord(state="failed", error=ErrorRecord(message, frames))}
    return RunDocument("id", "path", "team", "pipeline", project_path=project, features=features, error=error)


def differences(one: RunDocument, other: RunDocument) -> list[str]:
    return signature_of(one, "report").differences(signature_of(other, "report"))


@pytest.mark.parametrize(
    "other",
    [
        failed(line=99),
        failed(project="/tmp/spark-etl-code-1"),
    ],
)
def test_lines_and_the_projects_folder_make_no_difference(other: RunDocument) -> None:
    assert differences(failed(), other) == []


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (failed(kind="AnalysisException"), "another exception: PythonException, now AnalysisException"),
        (failed(function="rate"), "another place: features/report.py in share, now features/report.py in rate"),
        (failed(file="features/rates.py"), "another place"),
        (failed(file="other/report.py"), "another place"),
        (failed("ValueError: division by zero"), "another message"),
    ],
)
def test_type_place_and_message_do(other: RunDocument, text: str) -> None:
    (found,) = differences(failed(), other)
    assert found.startswith(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("could not convert 'abc' to float", "could not convert 'it\\'s' to float"),
        ('the value "1,5" of row 17', 'the value "2,5" of row 1,999'),
        ("[BAD] s3a://scratch/team/x/part-00000-a1.parquet", "[BAD] s3a://scratch/other/part-00003-b2.c000.parquet"),
        ("/tmp/spark-etl-1/data.csv: line 3", "/project/data.csv: line 44"),
        ("key -3.5e10 is missing", "key 7 is missing"),
        ("run 20240229T101112Z-7f3a2c", "run 20250229T101112Z-000000"),
        ("object at 0x7f0b94cf1050", "object at 0x7fb611763f50"),
        ("b'abc' is none of these", "'xyz' is none of these"),
    ],
)
def test_literals_make_no_difference(one: str, other: str) -> None:
    assert without_literals(one) == without_literals(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the column `amount1` cannot be resolved", "the column `amount2` cannot be resolved"),
        ("division by zero", "integer overflow"),
        ("[DIVIDE_BY_ZERO] Division", "[CAST_INVALID_INPUT] The value"),
        ("can't find the rate, isn't it there", "can't find the day, isn't it there"),
    ],
)
def test_names_and_words_do(one: str, other: str) -> None:
    assert without_literals(one) != without_literals(other)


def test_of_what_spark_computes_later_the_line_that_made_it_is_the_place() -> None:
    frames = '  File "/project/features/{file}", line 3, where `{method}` was called\n    a / b\n'
    runs = []
    for file, method in (("report.py", "divide"), ("rates.py", "divide"), ("report.py", "mod")):
        run = failed()
        run.features["report"].error = ErrorRecord("division by zero", frames.format(file=file, method=method))
        runs.append(run)
    assert differences(runs[0], runs[0]) == []
    assert differences(runs[0], runs[1]) == [
        "another place: features/report.py in `divide`, now features/rates.py in `divide`"
    ]
    assert "now features/report.py in `mod`" in differences(runs[0], runs[2])[0]


def test_a_run_that_does_not_say_how_it_failed_failed_in_no_known_way() -> None:
    run = RunDocument("id", "path", "team", "pipeline", features={"report": FeatureRecord(state="failed")})
    assert differences(run, run) == ["the run does not say how it failed"]
