"""Files as a relation of DuckDB, and what to say where it refuses them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from spark_etl.errors import ArgumentError, MissingDataError
from spark_etl.printable import printable
from spark_etl.reading.duck import text
from spark_etl.schemas.footers import read_footer
from spark_etl.schemas.foreign import TWINS, foreign, foreign_leaves
from spark_etl.schemas.types import FileSchema, describe_type
from spark_etl.snapshots.csv_files import CsvShape, csv_shape, find_bad_row
from spark_etl.snapshots.inputs import CSV, JSON, Inputs, find_bad_text, opened
from spark_etl.snapshots.options import ReadOptions
from spark_etl.storage import normalise
from spark_etl.storage.base import CHUNK

LARGEST_JSON = 256 << 20  # bytes of one object of a JSON file
LONGEST_LINE = 32 << 20  # bytes of one row of a CSV
GLOB = re.compile(r"[*?\[]")
RENAMED = re.compile(r"(.+)_\d+", re.DOTALL)
NUMERIC = re.compile(r"DECIMAL|INT|FLOAT|DOUBLE")


@dataclass(frozen=True)
class Relation:
    """Files, as SQL reads them.

    Attributes:
        inputs: The files.
        sql: What stands behind `from`.
        sniff: What says how the first file of CSV is read; empty of other formats.
        shape: How a CSV is written; None of other formats.
        footers: Columns that the footers of Parquet have, as Spark reads them; empty of other formats.
    """

    inputs: Inputs
    sql: str
    sniff: str = ""
    shape: CsvShape | None = None
    footers: FileSchema = field(default_factory=dict)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Turns what DuckDB refuses into an error that names file, line and cause."""
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            raise self._refusal(str(error)) from error

    def _refusal(self, message: str) -> ArgumentError:
        if self.inputs.kind in {CSV, JSON} and (problem := find_bad_text(self.inputs)):
            return problem
        if self.shape and (problem := find_bad_row(self.inputs, self.shape)):
            return problem
        first = self.inputs.files[0].path
        return ArgumentError(
            f"{printable(str(first), one_line=True)} can't be read as {self.inputs.kind}: "
            f"{printable(self.inputs.name_of(_reason(message)), one_line=True)}",
            hint="mend the file, or say how it is read: `./sandbox data put --help` lists the options",
        )


def _reason(message: str) -> str:
    """Returns what of DuckDB's message is about the file: it lists all its options below."""
    if "expected records" in message:
        return "it has no objects. A row is an object: one in each line, or all of them in one array"
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    kept = [line for line in lines if line.startswith(("Error when converting", "CSV Error on Line", "Original Line"))]
    return " ".join([lines[0] if not kept or "CSV Error" not in lines[0] else "", *kept]).strip()[:500]


def relation(inputs: Inputs, options: ReadOptions) -> Relation:
    """Returns how SQL reads the files.

    Raises:
        ArgumentError: They don't have the same columns, or some that Spark can't read.
    """
    quoted = [text(GLOB.sub(r"[\g<0>]", str(path.absolute()))) for path in inputs.paths]
    paths = ", ".join(quoted)
    if inputs.kind == CSV:
        shape = csv_shape(inputs, options)
        arguments = _arguments(_csv_arguments(shape, options))
        several = "hive_partitioning=false, union_by_name=true"
        sql = f"read_csv([{paths}], {arguments}, {several})"
        return Relation(inputs, sql, f"sniff_csv({quoted[0]}, {arguments})", shape)
    if inputs.kind == JSON:
        return Relation(inputs, f"read_json([{paths}], {_arguments(JSON_ARGUMENTS)})")
    arguments = _arguments({"union_by_name": "true", "hive_partitioning": "false"})
    return Relation(inputs, f"read_parquet([{paths}], {arguments})", footers=_parquet_columns(inputs))


JSON_ARGUMENTS = {
    "records": "'true'",
    "sample_size": "-1",
    "maximum_depth": "-1",
    "map_inference_threshold": "-1",
    "maximum_object_size": str(LARGEST_JSON),
    "union_by_name": "true",
    "hive_partitioning": "false",
}


def _csv_arguments(shape: CsvShape, options: ReadOptions) -> dict[str, str]:
    """Returns the arguments of `read_csv`: all rows are looked at for their types, and none is left out."""
    given = {
        "delim": text(shape.delimiter),
        "quote": "'\"'",
        "escape": "'\"'",
        "comment": "''",
        "header": str(shape.header).lower(),
        "skip": "0",
        "null_padding": "false",
        "strict_mode": "true",
        "ignore_errors": "false",
        "sample_size": "-1",
        "nullstr": f"[{', '.join(map(text, ['', *options.nulls]))}]",
        "decimal_separator": text(options.decimal),
        "max_line_size": str(LONGEST_LINE),
    }
    if options.date_format:
        given["dateformat"] = text(options.date_format)
    types = {name: _read_as(kind, options) for name, kind in options.types.items() if name in _names(shape)}
    if types:
        given["types"] = f"{{{', '.join(f'{text(name)}: {text(kind)}' for name, kind in types.items())}}}"
    return given


def _names(shape: CsvShape) -> list[str]:
    return list(shape.names) or [f"column{number}" for number in range(shape.width)]


def _read_as(kind: str, options: ReadOptions) -> str:
    """Returns the type that a column of a chosen type is read as: as text, so that what does not fit can be named."""
    is_formatted = kind == "DATE" and options.date_format
    is_number = options.decimal != "." and NUMERIC.search(kind)
    return kind if is_formatted or is_number else "VARCHAR"


def _arguments(given: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _parquet_columns(inputs: Inputs) -> FileSchema:
    """Returns the columns of Parquet files, by their footers.

    Raises:
        ArgumentError: A file is damaged, has other columns than the first, or some that nothing converts.
    """
    schemas = []
    for path in inputs.paths:
        try:
            schemas.append(read_footer(normalise(str(path))).columns)
        except MissingDataError as error:
            raise ArgumentError(
                error.message.replace("file://", "", 1), hint="write it again, or leave it out"
            ) from error
    first = schemas[0]
    for path, schema in zip(inputs.paths, schemas, strict=True):
        differing = [name for name in {**first, **schema} if first.get(name) != schema.get(name)]
        if differing:
            name = differing[0]
            types = f"{describe_type(first.get(name))} in {inputs.paths[0].name}, {describe_type(schema.get(name))}"
            raise ArgumentError(
                printable(f"{path} has other columns than the first file: `{name}` is {types} here", one_line=True),
                hint="put files with the same columns, or one file",
            )
    _refuse_inconvertible(first, inputs)
    return first


def _refuse_inconvertible(columns: FileSchema, inputs: Inputs) -> None:
    """Refuses what DuckDB would read as something else, and what it would give another name."""
    for name, kind in columns.items():
        for place, leaf in foreign_leaves(name, kind):
            known = foreign(leaf)
            if known is None or known.kind == "decimal":
                is_twin = leaf.startswith(TWINS)
                what = leaf.rstrip(",") if is_twin else f"{leaf}, which Spark can't read"
                way = "rename one" if is_twin else "give it another type, such as decimal(38,2),"
                raise ArgumentError(
                    printable(f"{inputs.paths[0]}: `{place}` is {what}", one_line=True),
                    hint=f"{way} where the file is made",
                )


def refuse_renamed(columns: Mapping[str, Any], inputs: Inputs) -> None:
    """Refuses fields of JSON whose names differ in small and capital letters only: DuckDB gives the second another.

    Raises:
        ArgumentError: Names both.
    """
    lowered = {name.lower(): name for name in columns}
    for name in columns:
        match = RENAMED.fullmatch(name)
        twin = lowered.get(match[1].lower()) if match else None
        if match and twin and not _has_text(inputs, f'"{name}"'):
            raise ArgumentError(
                printable(f"`{twin}` and `{match[1]}` are one column for Spark, and two in the files", one_line=True),
                hint="write the field alike in all objects",
            )


def _has_text(inputs: Inputs, wanted: str) -> bool:
    sought = wanted.encode(errors="surrogateescape")
    for path in inputs.paths:
        rest = b""
        with opened(path) as stream:
            while chunk := bytes(stream.read(CHUNK)):
                if sought in rest + chunk:
                    return True
                rest = chunk[-len(sought) :]
    return False
