"""Files → one Parquet file on this machine, with what is to be known of it before it goes to the store.

One file: it appears in the store at once, or not at all. Spark reads it in parallel by its row groups.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spark_etl.errors import ArgumentError
from spark_etl.parquet import need_pyarrow
from spark_etl.printable import printable
from spark_etl.reading import duck
from spark_etl.reading.duck import identifier, text
from spark_etl.schemas.footers import read_footer
from spark_etl.schemas.foreign import foreign_leaves
from spark_etl.schemas.types import FileSchema, Type, sql_type
from spark_etl.snapshots.columns import Column, as_read, lossy_checks, snapshot_columns
from spark_etl.snapshots.csv_files import refuse_empty_end
from spark_etl.snapshots.inputs import CSV, PARQUET, snapshot_inputs
from spark_etl.snapshots.json_files import refuse_renamed
from spark_etl.snapshots.moments import read_moments
from spark_etl.snapshots.notes import column_notes
from spark_etl.snapshots.options import ReadOptions, spark_name
from spark_etl.snapshots.progress import OnStep, QueryProgress
from spark_etl.snapshots.read import Relation, as_texts, relation
from spark_etl.snapshots.settle import settled
from spark_etl.snapshots.texts import LOCAL_MOMENT, MOMENT, is_number
from spark_etl.storage import normalise
from spark_etl.transfer.local_files import LocalFile, LocalFiles
from spark_etl.units import format_count

FILE = "part-00000.parquet"
SAMPLE_ROWS = 5
HALF = "float16"
THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:(,)\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:(\.)\d{3})+,\d+")
HEADERS = ("column", "type", "what was done")


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that is not in the store yet.

    Attributes:
        file: The Parquet file.
        columns: Its columns, as Spark reads them.
        rows: Its rows.
        changes: Column → what has become of it that it was not in the files.
        notes: What to look at before it is written.
        sample: Its first rows, as texts; None for NULL.
    """

    file: LocalFile
    columns: FileSchema
    rows: int
    changes: Mapping[str, str]
    notes: Sequence[str]
    sample: Sequence[Sequence[str | None]]

    def table(self) -> list[list[str]]:
        """Returns a row for each column: its name, its type, and what was done to it."""
        return [[name, sql_type(kind), self.changes.get(name, "")] for name, kind in self.columns.items()]

    def sample_cells(self) -> list[list[str]]:
        """Returns the first rows as they are shown."""
        return [["NULL" if value is None else value for value in row] for row in self.sample]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "columns": {name: sql_type(kind) for name, kind in self.columns.items()},
            "rows": self.rows,
            "bytes": self.file.size,
            "changes": dict(self.changes),
            "notes": list(self.notes),
            "sample": [dict(zip(self.columns, row, strict=True)) for row in self.sample],
        }


def convert(
    found: LocalFiles, options: ReadOptions, date_col: str, folder: Path, on_step: OnStep | None = None
) -> Snapshot:
    """Returns files as a snapshot.

    Args:
        found: The files.
        options: How they are read, and what their columns become.
        date_col: The column that the snapshot's folder is.
        folder: Takes the snapshot, and what is needed on the way; the caller deletes it.
        on_step: Is called with the name of a step, and how many percent of it are done, 100 in all.

    Raises:
        ArgumentError: They can't be read, or Spark could not read what they have; what helps is said.
    """
    need_pyarrow()
    inputs = snapshot_inputs(found, options, folder)
    files = relation(inputs, options)
    target = folder / FILE
    with duck.connection(purpose="a snapshot") as database:
        progress = QueryProgress(database, on_step)
        with files.refusals(), progress.step("types"):
            kinds = _types(database, files)
        if inputs.kind not in {CSV, PARQUET}:
            refuse_renamed(kinds, inputs)
        columns = _as_in_footers(snapshot_columns(kinds, options, date_col), files)
        with files.refusals():
            with progress.step("values"):
                if files.shape:
                    refuse_empty_end(inputs, files.shape)
                files, texts = as_texts(files, kinds, options, folder)
                columns, said = settled(database, files, as_read(columns, texts, options), options)
                columns, said_of_moments = read_moments(database, files, columns, options)
                _refuse_loss(database, files, columns)
                notes = column_notes(database, files, columns, options, [*said, *said_of_moments])
            with progress.step("Parquet"):
                _write(database, files, columns, target)
            sample = _sample(database, columns, target)
    return _written(target, columns, notes, sample, found)


def _types(database: Any, files: Relation) -> dict[str, Any]:
    found = database.sql(f"select * from {files.sql} limit 0")  # noqa: S608 - quoted
    return dict(zip(found.columns, found.types, strict=True))


def _as_in_footers(columns: Sequence[Column], files: Relation) -> list[Column]:
    """Returns the columns, with what footers of Parquet say and DuckDB does not.

    INT96, as Spark once wrote moments, is a moment for Spark and a time of day for DuckDB; float16 is float for DuckDB.
    """
    return [_as_in_footer(column, files.footers.get(column.source)) for column in columns]


def _as_in_footer(column: Column, kind: Type | None) -> Column:
    if column.is_chosen or kind is None:
        return column
    if kind == "timestamp" and column.target == LOCAL_MOMENT and not column.converted:
        return replace(column, target=MOMENT)
    if any(leaf == HALF for _, leaf in foreign_leaves(column.source, kind)):
        return replace(column, converted=(*column.converted, (HALF, "FLOAT")))
    return column


def _refuse_loss(database: Any, files: Relation, columns: Sequence[Column]) -> None:
    """Refuses columns with a value that does not survive; all rows are looked at.

    Raises:
        ArgumentError: Names the column, how many values, and one of them.
    """
    checks = list(lossy_checks(columns))
    if not checks:
        return
    selected = ", ".join(
        f"count(*) filter (where {problem}), any_value(cast({identifier(column.source)} as varchar)) "
        f"filter (where {problem})"
        for column, problem in checks
    )
    row = database.execute(f"select {selected} from {files.sql}").fetchone()  # noqa: S608 - quoted
    for (column, _), number, value in zip(checks, row[::2], row[1::2], strict=True):
        if number:
            raise _lossy(column, number, value, files.inputs.kind)


def _lossy(column: Column, number: int, value: object, kind: str) -> ArgumentError:
    shown = printable(str(value)[:60], one_line=True)
    name = printable(column.source, one_line=True)
    what = f"{format_count(number, 'value')} of `{name}`, such as {shown},"
    if column.is_chosen:
        is_none = kind == CSV and not any(letter.isdigit() for letter in shown)
        null = f", or say what stands for no value: --null '{shown}'" if is_none else ""
        verb = "does" if number == 1 else "do"
        way = _without_thousands(column, str(value)) if is_number(column.target) else ""
        hint = way or f"give another type{null}"
        return ArgumentError(f"{what} {verb} not fit {spark_name(column.target)}", hint=hint)
    cut = {LOCAL_MOMENT: "timestamp_ntz", MOMENT: "timestamp"}.get(column.target)
    verb = "has" if number == 1 else "have"
    return ArgumentError(
        f"{what} {verb} more digits than Spark keeps: it has no type with nanoseconds"
        if "TIMESTAMP" in column.target
        else f"{what} {'does' if number == 1 else 'do'} not fit {spark_name(column.target)}",
        hint=f"--type {name}=string keeps all of it{f', --type {name}={cut} cuts it' if cut else ''}",
    )


def _without_thousands(column: Column, value: str) -> str:
    """Returns what helps with `1,234.5` or `1.234,5`; empty for another number."""
    match = THOUSANDS.fullmatch(value.strip())
    mark = match and (match[1] or match[2])
    if not mark or mark == column.decimal:  # 1,005 with --decimal , has three decimals
        return ""
    name = printable(column.source, one_line=True)
    without = f"replace(`{name}`, '{mark}', '')"
    number = f"replace({without}, ',', '.')" if mark == "." else without
    return f"--type {name}=string, and in a feature: cast({number} as decimal(12,2))"


def _write(database: Any, files: Relation, columns: Sequence[Column], target: Path) -> None:
    selected = ", ".join(column.sql for column in columns)
    query = f"select {selected} from {files.sql}"  # noqa: S608 - quoted
    database.execute(f"copy ({query}) to {text(str(target))} (format parquet, compression snappy)")


def _sample(database: Any, columns: Sequence[Column], target: Path) -> list[list[str | None]]:
    selected = ", ".join(f"cast({identifier(column.name)} as varchar)" for column in columns)
    query = f"select {selected} from read_parquet({text(str(target))}) limit {SAMPLE_ROWS}"  # noqa: S608 - quoted
    return [list(row) for row in database.execute(query).fetchall()]


def _written(
    target: Path,
    columns: Sequence[Column],
    notes: Sequence[str],
    sample: Sequence[Sequence[str | None]],
    found: LocalFiles,
) -> Snapshot:
    """Returns what was written, as its footer says it.

    Raises:
        ArgumentError: It has no row.
    """
    footer = read_footer(normalise(str(target)))
    if not footer.rows:
        raise ArgumentError(
            f"{printable(str(found.root), one_line=True)} has no row",
            hint="a snapshot has at least one; is the path right?",
        )
    foreign = [place for name, kind in footer.columns.items() for place, _ in foreign_leaves(name, kind)]
    if foreign:
        raise ArgumentError(f"Spark can't read `{printable(foreign[0], one_line=True)}`", hint="--type COLUMN=string")
    changes = {column.name: "; ".join(_changes(column)) for column in columns if any(_changes(column))}
    file = LocalFile(target, FILE, target.stat().st_size)
    return Snapshot(file, footer.columns, footer.rows, changes, notes, sample)


def _changes(column: Column) -> list[str]:
    renamed = [f"was `{column.source}`"] if column.name != column.source else []
    return [*renamed, *([column.note] if column.note else []), *(["by --type"] if column.is_chosen else [])]
