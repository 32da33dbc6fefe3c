"""The first rows or lines of an object, or of the first file of a folder; of a large one, no more is fetched."""

from __future__ import annotations

import gzip
import json
import shlex
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from spark_etl.errors import ArgumentError, CheckpointError, MissingDataError
from spark_etl.parquet import open_parquet
from spark_etl.printable import printable
from spark_etl.schemas.footers import read_footer
from spark_etl.schemas.types import describe_type
from spark_etl.storage import S3Settings, StoredObject, is_hidden, relative_to, storage_for
from spark_etl.transfer.listing import Found

HEAD_ROWS, MOST_BYTES, MOST_LETTERS = 10, 1 << 20, 2_000
PARQUET_ENDINGS = (".parquet", ".parq")
MAGIC = b"PAR1"
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Head:
    """What an object begins with.

    Attributes:
        path: The object.
        columns: Name → type as Spark reads it; empty where lines are shown.
        rows: Values of the rows, as Python has them.
        lines: Lines of a text.
        total: Rows that the object has; None of a text.
    """

    path: str
    columns: dict[str, str] = field(default_factory=dict)
    rows: Sequence[Sequence[Any]] = ()
    lines: Sequence[str] = ()
    total: int | None = None

    def cells(self) -> list[list[str]]:
        """Returns the rows as texts."""
        return [["" if value is None else str(value) for value in row] for row in self.rows]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it; values that JSON lacks are texts."""
        if not self.columns:
            return {"path": self.path, "lines": list(self.lines)}
        rows = [dict(zip(self.columns, map(_json_value, row), strict=True)) for row in self.rows]
        return {"path": self.path, "columns": self.columns, "rows": rows, "total": self.total}


def head(found: Found, number: int, settings: S3Settings | None) -> Head:
    """Returns the first rows of Parquet, or the first lines of a text.

    Args:
        found: An object, or a folder, of which the first file is shown that readers don't pass over.
        number: How many.
        settings: How to reach S3; from the environment if not given.

    Raises:
        ArgumentError: It is neither, or is damaged.
    """
    item = _first_file(found)
    start = storage_for(item.path, settings).read(item.path, most=MOST_BYTES) or b""
    if item.path.endswith(PARQUET_ENDINGS) or start.startswith(MAGIC):
        return _rows(item, number, settings)
    text = _text(item, start)
    lines = text.splitlines()
    if len(start) < item.size and lines and not text.endswith("\n"):
        lines = lines[:-1] or lines
    return Head(item.path, lines=[line[:MOST_LETTERS] for line in lines[:number]])


def _first_file(found: Found) -> StoredObject:
    seen = [
        item
        for item in found.objects
        if not found.is_folder or not any(map(is_hidden, relative_to(item.path, found.path).split("/")))
    ]
    if not seen:
        raise ArgumentError(f"{found.path} has hidden files alone", hint=f"./sandbox data ls {shlex.quote(found.path)}")
    return next((item for item in seen if item.size), seen[0])


def _rows(item: StoredObject, number: int, settings: S3Settings | None) -> Head:
    import pyarrow as pa

    try:
        footer = read_footer(item.path, settings)
        with open_parquet(item.path, settings) as file:
            names = file.schema_arrow.names
            batch = next(file.iter_batches(batch_size=max(number, 1)), None)
            rows = [] if batch is None else list(zip(*_values(batch.slice(0, number)), strict=True))
    except (MissingDataError, CheckpointError) as error:
        raise ArgumentError(error.message, hint=error.hint) from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ArgumentError(f"{item.path} can't be read: {str(error).splitlines()[0][:200]}") from error
    columns: dict[str, str] = {}
    for name in names:
        columns[_other(printable(name, one_line=True), columns)] = describe_type(footer.columns[name])
    return Head(item.path, columns, rows, total=footer.rows)


def _other(name: str, taken: Collection[str]) -> str:
    """Returns a name that no column before has: `a`, `a (2)`."""
    names = (name if number == 1 else f"{name} ({number})" for number in count(1))
    return next(each for each in names if each not in taken)


def _values(batch: Any) -> list[list[Any]]:
    from spark_etl.reading.python_values import to_python

    return [to_python(column) for column in batch.columns]


def _text(item: StoredObject, start: bytes) -> str:
    if start.startswith(GZIP):
        try:
            start = zlib.decompressobj(wbits=31).decompress(start, MOST_BYTES)
        except (zlib.error, gzip.BadGzipFile) as error:
            raise ArgumentError(f"{item.path} is no whole gzip: {error}") from error
    encoding = "utf-16" if start[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    text = start.decode(encoding, errors="replace")
    if "\x00" in text[:MOST_LETTERS]:
        raise ArgumentError(
            f"{item.path} is neither Parquet nor a text", hint=f"./sandbox data get {shlex.quote(item.path)}"
        )
    return text


def _json_value(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return str(value)
    return value
