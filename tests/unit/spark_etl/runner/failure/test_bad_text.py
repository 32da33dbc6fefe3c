"""A text that is no UTF-8 is blamed on a column only where Spark or Arrow has read it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from spark_etl.runner.failure import bad_text
from spark_etl.runner.failure.bad_text import find_bad_text

DECODING = "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xfc in position 1: invalid start byte"
WORKER = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/opt/spark/python/lib/pyspark.zip/pyspark/worker.py", line 3000, in main
    process()
  File "{}", line 472, in loads
    return read(obj)
           ^^^^^^^^^
{}
"""


class FakeFrame:
    """A frame with one column, `name`, that holds a text that is no UTF-8."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.tags, self.cancelled = list[str](), threading.Event()
        self.sparkSession, self.schema = self, self
        self.fields, self.name, self.dataType, self.hangs = [self], "name", self, hangs

    def typeName(self) -> str:  # noqa: N802 - Spark's
        return "string"

    def addTag(self, tag: str) -> None:  # noqa: N802
        self.tags.append(tag)

    def interruptTag(self, tag: str) -> None:  # noqa: N802
        assert self.tags == [tag]
        self.cancelled.set()

    def selectExpr(self, *_: str) -> FakeFrame:  # noqa: N802
        return self

    def collect(self) -> list[tuple[str]]:
        if self.hangs:
            assert self.cancelled.wait(20)
            raise RuntimeError("cancelled")
        return [("4DFC",)]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (WORKER.format("/opt/spark/python/lib/pyspark.zip/pyspark/serializers.py", DECODING), True),
        (WORKER.format("pyarrow/scalar.pxi", DECODING), True),
        (WORKER.format("<frozen codecs>", DECODING), False),
        (WORKER.format("/opt/project/shop/rates.py", DECODING), False),
        (f"the file is broken: {DECODING}", False),
        ("Unknown error: Wrapping M\ufffd\nller failed", True),
        ("Wrapping the parcel has failed", False),
    ],
)
def test_only_a_text_that_spark_or_arrow_has_read_is_looked_up(text: str, is_found: bool) -> None:
    frame: Any = FakeFrame()
    fault = find_bad_text({"raw": frame}, RuntimeError(text))
    assert (fault is not None) is is_found
    assert fault is None or fault.message == r"column `name` of `raw` has bytes that are no UTF-8: 'M\xfc'"


def test_a_file_that_the_project_reads_is_none(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"M\xfcller")
    with pytest.raises(UnicodeDecodeError) as caught:
        (tmp_path / "latin.txt").read_text(encoding="utf-8")
    frame: Any = FakeFrame()
    assert find_bad_text({"raw": frame}, caught.value) is None


def test_what_spark_reads_on_the_driver_is_one() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        exec(compile("b'M\\xfcller'.decode('utf-8')", "/opt/spark/python/pyspark/serializers.py", "exec"))  # noqa: S102
    frame: Any = FakeFrame()
    assert find_bad_text({"raw": frame}, caught.value)


def test_a_search_that_takes_too_long_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bad_text, "PATIENCE_SECONDS", 0.05)
    first: Any = FakeFrame(hangs=True)
    second: Any = FakeFrame()
    assert find_bad_text({"raw": first, "more": second}, RuntimeError("Unknown error: Wrapping M failed")) is None
    assert first.cancelled.is_set()
    assert not second.tags
