"""CSV files: what separates their values, what their header says, and the first row that does not fit.

DuckDB guesses all of that by itself, and would rather read a file with a broken row as one column of text than refuse
it. So it is told, and what it then refuses is looked for here.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from spark_etl.errors import ArgumentError
from spark_etl.printable import printable
from spark_etl.snapshots.inputs import Inputs, lines_of, opened
from spark_etl.snapshots.options import ReadOptions
from spark_etl.transfer.local_files import LocalFile
from spark_etl.units import format_count

DELIMITERS = (",", ";", "\t", "|")
FIRST_BYTES, FIELD_SIZE = 1 << 20, 1 << 30
SHOWN = 60
FOR_EXCEL = re.compile(r"sep=(.)\r?(?:\n|$)", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class CsvShape:
    """How the rows of CSV files are written.

    Attributes:
        delimiter: Between two values.
        header: Whether the first row has the names.
        names: These names; empty without a header.
        width: Values of a row.
    """

    delimiter: str
    header: bool
    names: Sequence[str]
    width: int

    @property
    def summary(self) -> str:
        """What it is, for people."""
        shown = {"\t": "tabs", ",": "`,`"}.get(self.delimiter, f"`{self.delimiter}`")
        return f"values are separated by {shown}, {'the first line has their names' if self.header else 'no header'}"

    @property
    def unnamed(self) -> list[str]:
        """What columns are called that the first line has no name for."""
        return [f"column{number}" for number, name in enumerate(self.names) if not name.strip()]


def csv_shape(inputs: Inputs, options: ReadOptions) -> CsvShape:
    """Returns how the files are written.

    Raises:
        ArgumentError: The header has no row below it, a name twice, or is not the same in all files.
    """
    starts = [_start(path) for path in inputs.paths]
    _refuse_line_of_excel(starts, inputs)
    delimiter = options.delimiter or _most_frequent(starts[0])
    first = _first_row(starts[0], delimiter)
    header = _has_header(first, inputs.files[0], options)
    if not header:
        for file, start in zip(inputs.files[1:], starts[1:], strict=True):
            _refuse_other_width(first, _first_row(start, delimiter), inputs.files[0], file)
        return CsvShape(delimiter, False, (), len(first))
    _refuse_twice(first, inputs.files[0])
    for file, start in zip(inputs.files[1:], starts[1:], strict=True):
        _refuse_other_header(first, _first_row(start, delimiter), inputs.files[0], file)
    return CsvShape(delimiter, True, first, len(first))


def _refuse_line_of_excel(starts: Sequence[str], inputs: Inputs) -> None:
    for file, start in zip(inputs.files, starts, strict=True):
        if match := FOR_EXCEL.match(start):
            raise ArgumentError(
                f"the first line of {_shown(file)} is `{match[0].strip()}`, which is for Excel and no row",
                hint=f"delete that line, and say --delimiter '{match[1]}'",
            )


def _start(path: Path) -> str:
    with opened(path) as stream:
        return bytes(stream.read(FIRST_BYTES)).decode(errors="replace").removeprefix("\ufeff")


def _most_frequent(start: str) -> str:
    return max(DELIMITERS, key=lambda mark: len(_first_row(start, mark)))


def _first_row(start: str, delimiter: str) -> list[str]:
    rows = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
    with suppress(csv.Error):
        return next((row for row in rows if row), [])
    return []


def _has_header(first: Sequence[str], file: LocalFile, options: ReadOptions) -> bool:
    if options.header is not None:
        return options.header
    data = [cell for cell in first if NUMBER.fullmatch(cell.strip()) or _is_date(cell.strip())]
    if data:
        raise ArgumentError(
            f"the first line of {_shown(file)} may be its first row, not its header: it has "
            f"`{printable(data[0], one_line=True)}`",
            hint="--no-header, or --header if these are the names of its columns",
        )
    return True


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return len(text) >= 8


def _refuse_twice(names: Sequence[str], file: LocalFile) -> None:
    counted = Counter(name.strip().lower() for name in names if name.strip())
    twice = next((name for name in names if counted[name.strip().lower()] > 1), None)
    if twice is not None:
        spellings = [name for name in names if name.strip().lower() == twice.strip().lower()]
        raise ArgumentError(
            f"{_shown(file)} has more than one column `{printable(twice.strip(), one_line=True)}`, which Spark can't "
            f"tell apart: {', '.join(printable(name, one_line=True) for name in spellings)}",
            hint="give one of them another name in its first line",
        )


def _refuse_other_header(first: Sequence[str], other: Sequence[str], file: LocalFile, another: LocalFile) -> None:
    if list(first) != list(other):
        lacking = [name for name in first if name not in other]
        added = [name for name in other if name not in first]
        parts = [f"lacks {', '.join(lacking)}"] * bool(lacking) + [f"has {', '.join(added)} besides"] * bool(added)
        what = " and ".join(parts) or "has them in another order"
        raise ArgumentError(
            printable(f"{another.path} has other columns than {file.path}: it {what}", one_line=True),
            hint="put files with the same columns, or one file",
        )


def _refuse_other_width(first: Sequence[str], other: Sequence[str], file: LocalFile, another: LocalFile) -> None:
    if len(first) != len(other):
        raise ArgumentError(
            printable(
                f"{another.path} has {len(other)} values in its first row, and {file.path} has {len(first)}",
                one_line=True,
            ),
            hint="put files with the same columns, or one file",
        )


def refuse_empty_end(inputs: Inputs, shape: CsvShape) -> None:
    """Refuses a row that has one value too many, and that one empty: DuckDB would leave it out.

    Raises:
        ArgumentError: Names the line.
    """
    mark = shape.delimiter.encode()
    ends = (mark, mark + b"\r")
    for path in inputs.paths:
        for line in lines_of(path):  # a delimiter within quotes is counted too: then all rows are read
            if line.endswith(ends) and line.count(mark) >= shape.width:
                if problem := find_bad_row(inputs, shape):
                    raise problem
                return


def find_bad_row(inputs: Inputs, shape: CsvShape) -> ArgumentError | None:
    """Returns the error for the first row that has another number of values, or a quote that nothing closes."""
    for file, path in zip(inputs.files, inputs.paths, strict=True):
        try:
            for number, row in _rows(path, shape.delimiter):
                if row and len(row) != shape.width:
                    shown = printable(shape.delimiter.join(row)[:SHOWN], one_line=True)
                    counted = format_count(len(row), "value")
                    return ArgumentError(
                        f"{_shown(file)}, line {number} has {counted}, where {shape.width} were expected: `{shown}`",
                        hint="correct that line; or give another --delimiter",
                    )
        except _OpenQuoteError as error:
            return ArgumentError(
                f'{_shown(file)}, line {error}: a value begins with `"` there, and no `"` ends it',
                hint="correct that line: a quote within a quoted value is written twice",
            )
    return None


class _OpenQuoteError(Exception):
    """Raised for a quoted value without an end, with its line."""


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of its first line, and the values, of each row."""
    lines = (line.decode(errors="replace") + "\n" for line in lines_of(path))
    csv.field_size_limit(FIELD_SIZE)  # of the whole process; DuckDB has read such values already
    reader, before = csv.reader(lines, delimiter=delimiter, strict=True), 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _OpenQuoteError(before + 1) from error
        yield before + 1, row
        before = reader.line_num


def _shown(file: LocalFile) -> str:
    return printable(str(file.path), one_line=True)
