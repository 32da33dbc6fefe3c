"""What a person reads of real errors, recorded from Spark 4.1: classic ones, and those of Spark Connect."""

from __future__ import annotations

import json
import re
import traceback
from pathlib import Path

import pytest
from spark_etl.runner.failure.hints import hint_of
from spark_etl.runner.failure.reason import Reason, failed_file, failed_record, reason_of, reasons_of

SPARKS = {"__module__": "pyspark.errors.exceptions.captured"}
RECORDED = json.loads((Path(__file__).parent / "recorded_errors.json").read_text())
NOISE = re.compile(
    r"awaitResult|Py4J|(org\.apache|java\.|scala\.)|NO_HINT|^\s+at |JVM stacktrace|SQLSTATE|\+- |Job aborted|Lost task"
)
PART = r"/lake/out-\w+-\w+/part-\S+\.parquet"

# Recorded error → what has to stand in its reason, as a pattern, and in its hint.
READ = [
    (
        "classic cast_int",
        r"^\[CAST_INVALID_INPUT\] The value 'abc' of the type \"STRING\" cannot be cast to \"INT\"",
        None,
    ),
    ("classic pattern_week", r"detected week-based character: Y.*\n.*, in the pattern 'YYYY-ww'$", "yyyy, not YYYY"),
    ("connect pattern_week", r"detected week-based character: Y.*\n.*, in the pattern 'YYYY-ww'$", "yyyy, not YYYY"),
    ("classic regex", r"`regexp` in `regexp_replace` is invalid: '\(' \(Unclosed group near index 1\)$", None),
    (
        "classic missing_col",
        r"name `amuont` cannot be resolved. Did you mean one of the following\? \[`amount`\]",
        None,
    ),
    (
        "connect missing_col",
        r"name `amuont` cannot be resolved. Did you mean one of the following\? \[`amount`\]",
        None,
    ),
    ("classic other_df", r"^\[MISSING_ATTRIBUTES\S* Resolved attribute\(s\) \"n\" missing from \"id\"", None),
    ("classic scalar_subquery", r"^\[SCALAR_SUBQUERY_TOO_MANY_ROWS\] More than one row returned", None),
    ("connect div0", r"^\[DIVIDE_BY_ZERO\] Division by zero", None),
    ("classic udf_raises", r"^KeyError: 1$", None),
    ("connect udf_raises", r"^KeyError: 1$", None),
    ("classic udf_nested_raise", r"^ValueError: no rate for 1\nsecond line$", None),
    ("classic rdd_bad", r"^ZeroDivisionError: division by zero$", None),
    ("classic udf_osexit", r"^Python worker exited unexpectedly", "a UDF's process has died"),
    ("connect udf_osexit", r"^Python worker exited unexpectedly", "a UDF's process has died"),
    ("classic udf_wrongtype_np", r"a class that Spark does not take: numpy\.dtype$", "float(x)"),
    ("classic apply_in_pandas_type", r"column 'v'.*\ncaused by ArrowInvalid: Failed to parse string: 'abc'", None),
    ("classic pudf_badutf8", r"ArrowException: a text is no UTF-8: M.ller$", "make_valid_utf8"),
    (
        "classic maxresult",
        r"^Total size of serialized results of 1 tasks \(5.1 MiB\)",
        "spark.driver.maxResultSize: 4g",
    ),
    ("classic stackoverflow", r"^the query plan is too deep", "checkpoint between them"),
    ("classic write_denied", r"^Mkdirs failed to create file:/proc/xx/y", None),
    ("classic vanished", rf"^the file file://{PART} was deleted after the run had listed it$", "run again"),
    (
        "connect read_write_same",
        rf"^the file file://{PART} was deleted after the run had listed it$",
        "may not write where it reads",
    ),
    ("connect vanished", r"^\[UNABLE_TO_INFER_SCHEMA\]", None),
    (
        "classic truncated",
        rf"in col \[id\] .*\(FAILED_TO_UNCOMPRESS\(5\)\), in the file file://{PART}$",
        "write it again",
    ),
    (
        "connect truncated",
        rf"in col \[id\] .*\(FAILED_TO_UNCOMPRESS\(5\)\), in the file file://{PART}$",
        "write it again",
    ),
    ("classic checksum", rf"^Checksum error: file:{PART}", "write it again"),
    ("classic parquet_type", rf"column \[id\]. Expected Spark type string, .* INT64, in the file file://{PART}$", None),
    ("connect parquet_type", rf"column \[id\]. Expected Spark type string, .* INT64, in the file file://{PART}$", None),
    ("classic csv_ragged", r"Malformed CSV record: 1,a,extra, in the file file:///lake/ragged/a.csv$", None),
    ("connect csv_ragged", r"Malformed CSV record: 1,a,extra, in the file file:///lake/ragged/a.csv$", None),
    ("classic csvs_thousand", r'^"1,234.50" is no number, in the record \[1,null\], in the file \S+/a.csv$', None),
    (
        "classic jsons_mixed",
        r"field name 'v' and the value x .*, in the record \[2,null\], in the file \S+/a.json$",
        None,
    ),
    ("connect json_pretty", r"^Unexpected end-of-input: expected close marker for Object \(line 1, character 2", None),
    ("classic gz_trunc", r"^Unexpected end of input stream, in the file file:///lake/gz2/a.csv.gz$", None),
]


def recorded(name: str) -> Exception:
    known = RECORDED[name]
    error: Exception = type(known["type"], (Exception,), SPARKS)(known["text"])
    error._stackTrace = known["stack"]  # type: ignore[attr-defined]  # where classic Spark keeps it
    return error


@pytest.mark.parametrize(("name", "expected", "hint"), READ, ids=[row[0] for row in READ])
def test_the_deepest_cause_that_names_something_is_read(name: str, expected: str, hint: str | None) -> None:
    error = recorded(name)
    reason = reason_of(error)
    assert re.search(expected, reason), reason
    assert not NOISE.search(reason), reason
    assert hint is None or hint in str(hint_of(reasons_of(error)))


def test_every_recorded_error_is_read() -> None:
    assert RECORDED.keys() == {row[0] for row in READ}


def test_the_file_and_the_row_that_spark_names_are_found() -> None:
    error = recorded("classic csv_ragged")
    assert failed_file(error) == "file:///lake/ragged/a.csv"
    assert failed_record(error) == "1,a,extra"
    assert failed_file(ValueError("x")) is None


ABORTED = """An error occurred while calling o44.parquet.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 3 in stage 1.0 failed 4 times, most \
recent failure: Lost task 3.3 in stage 1.0 (TID 9) (10.0.0.4 executor 1): org.apache.spark.SparkException: \
[TASK_WRITE_FAILED] Task failed while writing rows to s3a://scratch/x. SQLSTATE: 58030
\tat org.apache.spark.sql.errors.QueryExecutionErrors$.taskFailedWhileWritingRowsError(QueryExecutionErrors.scala:760)
Caused by: %s
\tat java.base/java.io.FileOutputStream.writeBytes(Native Method)
\t... 17 more

Driver stacktrace:
\tat org.apache.spark.scheduler.DAGScheduler.abortStage(DAGScheduler.scala:3122)
Caused by: org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows to s3a://scratch/x.
\t... 9 more
Caused by: %s
\t... 9 more
"""
AWAITED = """An error occurred while calling o44.parquet.
: org.apache.spark.SparkException: Exception thrown in awaitResult:
\tat org.apache.spark.util.SparkThreadUtils$.awaitResult(SparkThreadUtils.scala:53)
Caused by: org.apache.spark.SparkException: [INTERNAL_ERROR] The Spark SQL phase planning failed. SQLSTATE: XX000
\tat org.apache.spark.SparkException$.internalError(SparkException.scala:107)
Caused by: %s
\tat org.apache.parquet.hadoop.ParquetFileReader.readFooter(ParquetFileReader.java:666)
"""


@pytest.mark.parametrize(
    ("deepest", "expected"),
    [
        ("java.io.IOException: No space left on device", "No space left on device"),
        ("java.lang.OutOfMemoryError: Java heap space", "OutOfMemoryError: Java heap space"),
        ("java.net.UnknownHostException: minio", "UnknownHostException: minio"),
        ("java.lang.NullPointerException", "NullPointerException"),
        (
            "java.lang.IllegalStateException: the writer is closed\n\tat x.Y.z(Y.java:1)\n"
            "Caused by: java.io.IOException: reset",
            "reset",
        ),
        (
            "java.nio.file.AccessDeniedException: s3a://scratch/x: PUT: "
            "software.amazon.awssdk.services.s3.model.S3Exception: Access Denied (Service: S3, Status Code: 403)",
            "s3a://scratch/x: PUT: S3Exception: Access Denied (Service: S3, Status Code: 403)",
        ),
        (
            "java.lang.RuntimeException: file:/x/a.parquet is not a Parquet file. Expected magic number at tail",
            "file:/x/a.parquet is not a Parquet file. Expected magic number at tail",
        ),
    ],
)
@pytest.mark.parametrize("around", [ABORTED, AWAITED])
def test_whatever_wraps_it_the_deepest_cause_is_read(around: str, deepest: str, expected: str) -> None:
    reason = reason_of(type("Py4JJavaError", (Exception,), SPARKS)(around.replace("%s", deepest)))
    assert expected in reason
    assert "the writer is closed" not in reason
    assert not re.search(r"awaitResult|Job aborted|Lost task|java\.|software\.|\tat ", reason)


def raise_from(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (raise_from(RuntimeError("no rates"), KeyError("CHF")), "RuntimeError: no rates\ncaused by KeyError: 'CHF'"),
        (raise_from(ValueError("not x: 'x'"), KeyError("x")), "ValueError: not x: 'x'"),
        (
            raise_from(RuntimeError("step 2"), recorded("connect div0")),
            "RuntimeError: step 2\ncaused by [DIVIDE_BY_ZERO] Division by zero.",
        ),
        (
            ExceptionGroup("two", [ValueError("a"), KeyError("b")]),
            "ExceptionGroup: two (2 sub-exceptions)\n  ValueError: a",
        ),
        (ValueError("x" * 5_000_000), "ValueError: xxx"),
        (ValueError("bad \ud800 \x1b[31m"), r"ValueError: bad \ud800 \x1b[31m"),
    ],
)
def test_of_pythons_errors_the_cause_is_read_too(error: Exception, expected: str) -> None:
    reason = reason_of(error)
    assert reason.startswith(expected)
    assert len(reason) < 3_000


NO_SPACE, DENIED = "No space left on device", "AccessDenied: Access Denied (Service: S3, Status Code: 403)"
NO_FILE = "FileNotFoundError: [Errno 2] No such file or directory"


@pytest.mark.parametrize(
    ("origin", "text", "hint"),
    [
        ("driver", f"{NO_FILE}: 'data_in/rates.csv'", "importlib.resources"),
        ("driver", f"{NO_FILE}: '/data/rates.csv'", None),
        (
            "worker",
            "NotADirectoryError: [Errno 20] Not a directory: '/tmp/x/code.zip/rates.csv'",
            "importlib.resources",
        ),
        (
            "driver",
            "PicklingError: Could not serialize object: TypeError: cannot pickle '_thread.lock' object",
            "inside",
        ),
        ("worker", "SystemExit: 3", "raise an exception"),
        ("worker", "ModuleNotFoundError: No module named 'shapely'", "executors do not have it"),
        ("driver", "ModuleNotFoundError: No module named 'shapely'", "the driver does not have it"),
        ("driver", "OSError: [Errno 28] No space left on device", "free space"),
        ("spark", NO_SPACE, "free space"),
        ("spark", DENIED, "may not read or write"),
        ("spark", "Could not execute broadcast in 300 secs.", "autoBroadcastJoinThreshold"),
        ("spark", "[USER_RAISED_EXCEPTION] Access Denied to this customer", None),
        ("driver", f"ValueError: {NO_SPACE}", None),
        ("driver", f"RuntimeError: {DENIED}", None),
        ("worker", "ValueError: Cannot broadcast the table, it is larger than the 8 GB", None),
        ("worker", "RateError: the file x was deleted after the run had listed it", None),
        ("driver", "ValueError: no rate for CHF", None),
    ],
)
def test_a_hint_goes_by_who_says_it(origin: str, text: str, hint: str | None) -> None:
    found = hint_of([Reason(text, origin)])
    assert found is None if hint is None else hint in str(found)


TOOL = """the tool said for com.acme.rates.Rates:
Traceback (most recent call last):
  File "/opt/tool.py", line 3, in main
    load()
KeyError: 'CHF'
and most recent failure: Lost task. SQLSTATE: 12345; requirement failed: it stopped"""


@pytest.mark.parametrize("is_of_a_worker", [False, True])
def test_what_the_project_says_stays_as_it_is(*, is_of_a_worker: bool) -> None:
    """A trace in a message, names of Java's packages and words of Spark's are the project's own there."""
    error = RuntimeError(TOOL)
    if is_of_a_worker:
        frame = '  File "/srv/code.zip/rates.py", line 7, in convert\n    raise RuntimeError(text)\n'
        text = f"\n  An exception was thrown.\nTraceback (most recent call last):\n{frame}RuntimeError: {TOOL}\n"
        error = type("PythonException", (Exception,), SPARKS)(text)
    assert reason_of(error) == f"RuntimeError: {TOOL}"


def test_of_a_group_in_a_worker_its_members_are_read() -> None:
    group = ExceptionGroup("two", [ValueError("a"), ExceptionGroup("inner", [KeyError("b")])])
    try:
        raise group from KeyError("c")
    except ExceptionGroup:
        text = traceback.format_exc()
    error = type("PythonException", (Exception,), SPARKS)(f"\n  Thrown.\n{text}")
    assert reason_of(error).splitlines() == [
        "ExceptionGroup: two (2 sub-exceptions)",
        "  ValueError: a",
        "  ExceptionGroup: inner (1 sub-exception)",
        "  KeyError: 'b'",
    ]
