"""Which file of a source Spark could not read, and where in it: looked up when Spark has failed."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import unquote

from spark_etl.error_text import raw_text
from spark_etl.errors import SparkEtlError
from spark_etl.runner.failure.reason import failed_file, failed_record
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.sources.faults import Fault

MOST_FILES = 20
READING = re.compile(
    r"\[FAILED_READ_FILE|\[MALFORMED_RECORD_IN_PARSING|\[COLUMN_ALREADY_EXISTS|\[INVALID_JSON_RECORD_TYPE"
    r"|CSV header|Malformed records|PlainValuesDictionary\$"
)
CSV_FILE = re.compile(r"^CSV file: (\S.*)$", re.MULTILINE)


def find_fault(inputs: ResolvedInputs, alias: str, error: BaseException) -> Fault | None:
    """Returns the place in a file at which reading has failed; None if it was not that, or is not found.

    Args:
        inputs: What the sources of the run read.
        alias: The feature that has failed.
        error: What was raised.
    """
    if isinstance(error, SparkEtlError) or not READING.search(raw_text(error)):
        return None
    file = failed_file(error) or _csv_file(error)
    with suppress(Exception):  # it is a second look at what has failed; without it there is still Spark's word
        for source, path in inputs.files_of(alias, None if file is None else unquote(file))[:MOST_FILES]:
            if fault := source.find_fault(path, failed_record(error)):
                return fault
    return None


def _csv_file(error: BaseException) -> str | None:
    match = CSV_FILE.search(raw_text(error))
    return match[1] if match else None
