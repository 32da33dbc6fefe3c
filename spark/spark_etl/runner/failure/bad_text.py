"""Texts that are no UTF-8: Python and Arrow fail at them without the column's name, so it is looked up."""

from __future__ import annotations

import re
import threading
import traceback
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from spark_etl.error_text import raw_text
from spark_etl.names import quoted
from spark_etl.sources.faults import Fault
from spark_etl.sources.faults.fault import quoted_piece

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PATIENCE_SECONDS = 120.0
CANCEL_SECONDS = 5.0
CANCELS = 3
ARROWS = re.compile(r"Unknown error: Wrapping .* failed", re.DOTALL)
DECODING = re.compile(r"^.*UnicodeDecodeError: 'utf-?8' codec can't decode byte", re.MULTILINE)
FRAME = re.compile(r'^[ |]*File "(?P<file>[^"]*)", line \d+', re.MULTILINE)
# Whose code reads the texts of columns; a path of a traceback, also of one inside of `pyspark.zip`.
READERS = re.compile(r"(^|[/\\])(pyspark|py4j|pyarrow)[/\\]")
HINT = (
    "F.make_valid_utf8({name!r}) replaces them, and F.col({name!r}).cast('binary') keeps them; a CSV in Latin-1 is "
    "read with options={{'encoding': 'ISO-8859-1'}}"
)


def find_bad_text(frames: Mapping[str, DataFrame], error: BaseException) -> Fault | None:
    """Returns the column and the bytes at which Python has failed; None if it was not that, or none is found.

    Args:
        frames: What the feature that has failed reads, by their names.
        error: What was raised.
    """
    if not _is_of_a_column(error):
        return None
    search = _Search(frames)
    search.start()
    search.join(PATIENCE_SECONDS)
    search.cancel()
    return search.found


def _is_of_a_column(error: BaseException) -> bool:
    """Returns whether Spark or Arrow has failed at a text; code of the project may read a file that is no UTF-8."""
    if isinstance(error, UnicodeDecodeError):
        frames = traceback.extract_tb(error.__traceback__)
        return bool(frames and READERS.search(frames[-1].filename)) and error.encoding.startswith("utf")
    text = raw_text(error)
    if ARROWS.search(text):
        return True
    end = DECODING.search(text)
    files = FRAME.findall(text, 0, end.start()) if end else []
    return bool(files and READERS.search(files[-1]))


class _Search(threading.Thread):
    """Looks for the text, with a tag on its jobs, by which they are cancelled.

    Attributes:
        found: The text; None until it is found.
    """

    def __init__(self, frames: Mapping[str, DataFrame]) -> None:
        super().__init__(name="bad-text", daemon=True)
        self.found: Fault | None = None
        self._frames = frames
        self._tag = f"bad-text-{uuid.uuid4().hex}"
        self._is_cancelled = threading.Event()

    def run(self) -> None:
        for name, frame in self._frames.items():
            if self.found or self._is_cancelled.is_set():
                return
            with suppress(Exception):  # Spark 3 lacks the functions, and the frame may be what fails
                frame.sparkSession.addTag(self._tag)
                self.found = _bad_text(name, frame)

    def cancel(self) -> None:
        """Ends the search, its jobs too: more than once, as one may have been about to start."""
        self._is_cancelled.set()
        for _ in range(CANCELS):
            if not self.is_alive():
                return
            interrupt = threading.Thread(target=self._interrupt, name="bad-text-cancel", daemon=True)
            interrupt.start()
            interrupt.join(CANCEL_SECONDS)
            self.join(1)

    def _interrupt(self) -> None:
        for frame in self._frames.values():
            with suppress(Exception):  # the JVM may be gone, and its jobs with it
                frame.sparkSession.interruptTag(self._tag)
                return


def _bad_text(name: str, frame: DataFrame) -> Fault | None:
    columns = [field.name for field in frame.schema.fields if field.dataType.typeName() == "string"]
    if not columns:
        return None
    texts = (quoted(column) for column in columns)
    values = frame.selectExpr(*(f"max(CASE WHEN NOT is_valid_utf8({text}) THEN hex({text}) END)" for text in texts))
    bad = next(((column, value) for column, value in zip(columns, values.collect()[0], strict=True) if value), None)
    if not bad:
        return None
    text = bytes.fromhex(bad[1]).decode("utf-8", errors="backslashreplace")
    message = f"column `{bad[0]}` of `{name}` has bytes that are no UTF-8: {quoted_piece(text)}"
    return Fault(message, HINT.format(name=bad[0]))
