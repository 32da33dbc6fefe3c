"""What one says of a snapshot: where it lies, and how its files are read where that can't be guessed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from spark_etl.errors import ArgumentError
from spark_etl.names import is_segment
from spark_etl.printable import printable
from spark_etl.schemas.types import MOST_DIGITS
from spark_etl.storage import join

DATE_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DECIMAL = re.compile(r"(?:decimal|numeric)\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)")
# A type as Spark's SQL writes it → as DuckDB does: its `timestamp` has no zone, Spark's has one.
TYPES = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "binary": "BLOB",
}
ALIASES = {"text": "string", "varchar": "string", "integer": "int", "long": "bigint", "bool": "boolean"}
KNOWN = f"{', '.join(TYPES)}, decimal(12,2)"


@dataclass(frozen=True)
class SnapshotPlace:
    """Where a snapshot lies, as `S3PublishedSource` reads it.

    Attributes:
        base: Its `base_s3_path`.
        schema_id: Its `source_schema_id`.
        date_col: Its `date_col`.
        day: The snapshot's day.
    """

    base: str
    schema_id: str
    date_col: str
    day: date

    @property
    def root(self) -> str:
        """The folder the days lie in."""
        return join(self.base, self.schema_id)

    @property
    def folder(self) -> str:
        """The folder of the day."""
        return join(self.root, f"{self.date_col}={self.day.isoformat()}")

    @property
    def source(self) -> str:
        """The source that reads it, as it is written in a feature."""
        date_col = "" if self.date_col == "_dt" else f', date_col="{self.date_col}"'
        return f'S3PublishedSource("{self.base}/", "{self.schema_id}"{date_col})'


@dataclass(frozen=True)
class ReadOptions:
    """How files are read, and what their columns become.

    Attributes:
        types: Column → its type, as DuckDB writes it.
        rename: Column → its name in the snapshot.
        nulls: Texts of a CSV that stand for no value, besides the empty one.
        delimiter: Of a CSV; None: the one that its first line has most of.
        header: Whether the first line of a CSV has the names of its columns; None: unless it looks like a row.
        encoding: Of a CSV or of JSON, as Python calls it.
        decimal: What stands between the whole and the part of a number in a CSV.
        date_format: How a CSV writes dates, such as `%d.%m.%Y`; None: as ISO 8601, or as it is found.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    nulls: Sequence[str] = ()
    delimiter: str | None = None
    header: bool | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    date_format: str | None = None

    @property
    def of_csv(self) -> list[str]:
        """The options given that only a CSV has."""
        given = {
            "--null": bool(self.nulls),
            "--delimiter": self.delimiter is not None,
            "--header" if self.header else "--no-header": self.header is not None,
            "--decimal": self.decimal != ".",
            "--date-format": self.date_format is not None,
        }
        return [name for name, is_given in given.items() if is_given]


def check_names(schema_id: str, date_col: str) -> None:
    """Refuses an id or a column that can't be a name of a folder; nothing is asked of the store for it.

    Raises:
        ArgumentError: Names the option.
    """
    if not is_segment(schema_id):
        raise ArgumentError(
            f"--as-snapshot `{printable(schema_id, one_line=True)}`: it is the name of a folder, so it has letters, "
            "digits, `.`, `_` and `-`, and begins with a letter or a digit",
            hint="--as-snapshot orders",
        )
    if not DATE_COLUMN.fullmatch(date_col):
        raise ArgumentError(
            f"--date-col `{printable(date_col, one_line=True)}`: it has letters, digits and `_`", hint="--date-col _dt"
        )


def snapshot_place(base: str, schema_id: str, date_col: str, day: date) -> SnapshotPlace:
    """Returns where a snapshot lies.

    Raises:
        ArgumentError: The id or the column can't be a name of a folder.
    """
    check_names(schema_id, date_col)
    return SnapshotPlace(base, schema_id, date_col, day)


def read_options(
    *,
    types: Sequence[str] = (),
    rename: Sequence[str] = (),
    nulls: Sequence[str] = (),
    delimiter: str | None = None,
    header: bool | None = None,
    encoding: str = "utf-8",
    decimal: str = ".",
    date_format: str | None = None,
) -> ReadOptions:
    """Returns the options of a command line.

    Raises:
        ArgumentError: One of them is no such option; what there is is named.
    """
    if delimiter is not None:
        delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise ArgumentError(
                f"--delimiter {delimiter!r}: it is one character, and no quote",
                hint="--delimiter ';', or tab; without it, it is guessed",
            )
    if decimal not in {".", ","}:
        raise ArgumentError(f"--decimal {decimal!r}: it is `.` or `,`", hint="--decimal ,")
    try:
        codec = codecs.lookup(encoding)
        codec.decode(b"")
    except (LookupError, ValueError, TypeError):
        raise ArgumentError(
            f"--encoding `{printable(encoding, one_line=True)}` is not known",
            hint="utf-8, latin-1, cp1252, utf-16 and others that Python has",
        ) from None
    if not getattr(codec, "_is_text_encoding", True):
        raise ArgumentError(f"--encoding `{encoding}` is no encoding of texts", hint="utf-8, latin-1, cp1252, utf-16")
    return ReadOptions(
        types={name: duckdb_type(kind) for name, kind in _pairs("--type", types, "amount=decimal(12,2)").items()},
        rename=_pairs("--rename", rename, "'order id=order_id'"),
        nulls=tuple(nulls),
        delimiter=delimiter,
        header=header,
        encoding=codec.name,
        decimal=decimal,
        date_format=date_format,
    )


def duckdb_type(text: str) -> str:
    """Returns a type of Spark's SQL as DuckDB writes it.

    Raises:
        ArgumentError: It is none that a column can be given here.
    """
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    if name in TYPES:
        return TYPES[name]
    match = DECIMAL.fullmatch(name)
    if match and 0 < int(match[1]) <= MOST_DIGITS and int(match[2] or 0) <= int(match[1]):
        return f"DECIMAL({int(match[1])},{int(match[2] or 0)})"
    raise ArgumentError(f"`{printable(text, one_line=True)}` is no type that a column can be given", hint=KNOWN)


def spark_name(kind: str) -> str:
    """Returns a type of DuckDB's as Spark's SQL writes it, where a column can be given it."""
    return next((name for name, own in TYPES.items() if own == kind), kind.lower())


def _pairs(option: str, given: Sequence[str], example: str) -> dict[str, str]:
    """Returns what stands before and after the last `=`: a column's name may have one."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value:
            raise ArgumentError(f"{option} {printable(text, one_line=True)!r}: no `=`", hint=f"{option} {example}")
        if name in found:
            raise ArgumentError(f"{option}: `{printable(name, one_line=True)}` is given twice", hint="give it once")
        found[name] = value
    return found
