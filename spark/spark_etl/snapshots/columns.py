"""The columns of a snapshot: what DuckDB finds in the files, and what Spark is to find in the snapshot.

1. A type that Spark has is kept.
2. A type that Spark lacks, and another holds all its values, is converted, and that is said (`spark_type`).
3. The conversion is refused if one value does not come back as it was (`convert.py` asks for all of them).
4. A type that nothing of Spark holds is refused (`_UNKNOWN`), unless the user gives the column another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spark_etl.errors import ArgumentError
from spark_etl.names import alternatives
from spark_etl.printable import printable
from spark_etl.reading.duck import identifier
from spark_etl.schemas.types import MOST_DIGITS
from spark_etl.snapshots.options import ReadOptions
from spark_etl.snapshots.texts import (
    APPROXIMATE,
    DATE,
    LOCAL_MOMENT,
    MOMENT,
    beyond_microseconds,
    changed,
    has_time,
    value_of,
)

TEXT = "VARCHAR"
NANOSECONDS = {"TIMESTAMP_NS", "TIMESTAMPTZ_NS"}
# What DuckDB calls a type that Spark has → itself.
KEPT = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "varchar": TEXT,
    "blob": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
}
# A type that Spark lacks → one that it has and that holds its values.
CONVERTED = {
    "utinyint": "SMALLINT",
    "usmallint": "INTEGER",
    "uinteger": "BIGINT",
    "ubigint": "DECIMAL(20,0)",
    "hugeint": "DECIMAL(38,0)",
    "uhugeint": "DECIMAL(38,0)",
    "bignum": TEXT,
    "timestamp_s": "TIMESTAMP",
    "timestamp_ms": "TIMESTAMP",
    "timestamp_ns": "TIMESTAMP",
    "timestamptz_ns": "TIMESTAMP WITH TIME ZONE",
    "time": TEXT,
    "time_ns": TEXT,
    "time with time zone": TEXT,
    "uuid": TEXT,
    "enum": TEXT,
    "null": TEXT,
    "JSON": TEXT,
}
WHY = {
    "null": "it has no value at all",
    "bignum": f"it has numbers of more than {MOST_DIGITS} digits: each is kept as it is written",
    "JSON": "its values are of several kinds: each is kept as the text of its JSON",
}


@dataclass(frozen=True)
class Column:
    """A column of a snapshot.

    Attributes:
        source: What it is called in the files.
        name: What it is called in the snapshot.
        found: Its type there, as DuckDB writes it.
        target: Its type in the snapshot, as DuckDB writes it.
        is_chosen: Whether the user has given that type.
        converted: What in its type Spark lacks → what becomes of it.
        is_text: Whether its values are read as texts, whatever they are taken for.
        decimal: What stands between the whole and the part of a number in such a text.
        written: How a day or a moment is written in such a text, as `strptime` has it; None: as ISO 8601.
    """

    source: str
    name: str
    found: str
    target: str
    is_chosen: bool = False
    converted: tuple[tuple[str, str], ...] = ()
    is_text: bool = False
    decimal: str = "."
    written: str | None = None

    @property
    def sql(self) -> str:
        """The column as SQL selects it."""
        return f"{self.value()} as {identifier(self.name)}"

    @property
    def is_cut(self) -> bool:
        """Whether digits beyond microseconds are left out, as the user has said."""
        return self.is_chosen and self.found in NANOSECONDS and self.target in {LOCAL_MOMENT, MOMENT}

    def value(self, cast: str = "cast") -> str:
        """Returns SQL for its values in the snapshot; with `try_cast`, what has none is NULL."""
        source = identifier(self.source)
        if self.is_text:
            return value_of(source, self.target, decimal=self.decimal, written=self.written, cast=cast)
        if self.is_cut:  # a cast would round 59.999999999 up, to the next day
            nanoseconds = f"epoch_ns({source})"
            floor = f"({nanoseconds} - (({nanoseconds} % 1000) + 1000) % 1000) // 1000"
            return f"{cast}(make_timestamp({floor}) as {self.target})"
        if self.found in APPROXIMATE and self.target.startswith("DECIMAL"):  # 0.1 has more digits as a double
            return f"{cast}({cast}({source} as varchar) as {self.target})"
        return f"{cast}({source} as {self.target})"

    @property
    def note(self) -> str | None:
        """What has become of it that it was not; None if nothing."""
        if not self.converted:
            return None
        return "; ".join(WHY.get(old) or f"was {old}, which Spark lacks" for old, _ in self.converted)


def as_read(columns: Sequence[Column], texts: Collection[str], options: ReadOptions) -> list[Column]:
    """Returns the columns, with how the texts among them are read."""
    return [
        replace(
            column,
            is_text=True,
            decimal=options.decimal,
            written=options.date_format if column.is_chosen and column.target in _written_so(options) else None,
        )
        if column.source in texts
        else column
        for column in columns
    ]


def _written_so(options: ReadOptions) -> set[str]:
    """Returns the types that `--date-format` is the format of."""
    return {LOCAL_MOMENT, MOMENT} if has_time(options.date_format) else {DATE}


def snapshot_columns(found: Mapping[str, Any], options: ReadOptions, date_col: str) -> list[Column]:
    """Returns the columns of a snapshot.

    Args:
        found: Column of the files → its type, as DuckDB's Python API has it.
        options: What the user wants of them.
        date_col: The column that the snapshot's folder is.

    Raises:
        ArgumentError: An option names no column, or a column is none that Spark reads.
    """
    for option, names in (("--type", options.types), ("--rename", options.rename)):
        for name in names:
            if name not in found:
                shown = printable(name, one_line=True)
                raise ArgumentError(f"{option} `{shown}`: there is no such column. {alternatives(name, found)}")
    columns = [_column(name, kind, options) for name, kind in found.items()]
    _check_names(columns, date_col)
    return columns


def _column(source: str, kind: Any, options: ReadOptions) -> Column:
    name, chosen = options.rename.get(source, source), options.types.get(source)
    if chosen is not None:
        return Column(source, name, str(kind), chosen, is_chosen=True)
    converted: list[tuple[str, str]] = []
    target = spark_type(source, kind, converted)
    return Column(source, name, str(kind), target, converted=tuple(dict.fromkeys(converted)))


def spark_type(column: str, kind: Any, converted: list[tuple[str, str]]) -> str:
    """Returns the type that Spark reads, as DuckDB writes it.

    Args:
        column: Its name, for the message.
        kind: The type, as DuckDB's Python API has it.
        converted: Takes each type that becomes another one, with that one.

    Raises:
        ArgumentError: Nothing of Spark's holds its values.
    """
    name = "JSON" if str(kind) == "JSON" else str(kind.id)
    if name in CONVERTED:
        converted.append((name, CONVERTED[name]))
    known = KEPT.get(name) or CONVERTED.get(name) or (str(kind) if name == "decimal" else None)
    return known or _nested_type(column, kind, converted)


def _nested_type(column: str, kind: Any, converted: list[tuple[str, str]]) -> str:
    if kind.id in {"list", "array"}:
        return f"{spark_type(column, dict(kind.children)['child'], converted)}[]"
    if kind.id == "map":
        key, value = (spark_type(column, dict(kind.children)[part], converted) for part in ("key", "value"))
        return f"MAP({key}, {value})"
    if kind.id == "struct":
        fields = [f"{identifier(field)} {spark_type(column, inner, converted)}" for field, inner in kind.children]
        return f"STRUCT({', '.join(fields)})"
    raise ArgumentError(
        f"`{printable(column, one_line=True)}` is {kind}, which Spark has no type for",
        hint=f"--type {_quoted(column)}=string",
    )


def _check_names(columns: Sequence[Column], date_col: str) -> None:
    """Refuses names that Spark can't tell apart, and the name of the column that is in the folder's name."""
    counted = Counter(column.name.lower() for column in columns)
    for column in columns:
        shown = printable(column.name, one_line=True)
        rename = f"--rename {_quoted(column.source)}=NAME"
        if not column.name.strip():
            raise ArgumentError("a column has no name", hint="give it one where the file is written")
        if shown != column.name:
            raise ArgumentError(f"the column `{shown}` has characters in its name that can't be shown", hint=rename)
        if counted[column.name.lower()] > 1:
            raise ArgumentError(f"more than one column is called `{shown}`: Spark can't tell them apart", hint=rename)
        if column.name.lower() == date_col.lower():
            raise ArgumentError(
                f"the column `{shown}` is what the snapshot's folder says: its day, in `{date_col}=…`",
                hint=f"{rename}, or give the folder's column another name: --date-col",
            )


def _quoted(name: str) -> str:
    shown = printable(name, one_line=True)
    return shown if shown.isidentifier() else f"'{shown}'"


def lossy_checks(columns: Sequence[Column]) -> Iterator[tuple[Column, str]]:
    """Yields the columns whose values may not survive, each with what holds for a row where one does not."""
    for column in columns:
        source = identifier(column.source)
        if column.is_text and column.target != TEXT:
            if column.is_chosen:
                yield column, changed(source, column.target, decimal=column.decimal, written=column.written)
            elif column.target in {LOCAL_MOMENT, MOMENT}:  # settle.py has looked at all else
                yield column, beyond_microseconds(source)
        elif column.is_cut:
            yield column, f"{source} is not null and {column.value('try_cast')} is null"
        elif column.is_chosen and column.target not in {TEXT, column.found}:
            value = column.value("try_cast")
            ways = (
                f"try_cast({value} as varchar)",
                value,
            )  # 0.1 as a float is another double than 0.1, but not as text
            back = f"coalesce({', '.join(f'try_cast({way} as {column.found})' for way in ways)})"
            yield column, f"{source} is not null and ({back} is distinct from {source})"
        elif any(new != TEXT for _, new in column.converted):
            yield column, f"try_cast(try_cast({source} as {column.target}) as {column.found}) is distinct from {source}"
