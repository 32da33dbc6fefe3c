"""Files as a relation of DuckDB, and what to say where it refuses them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spark_etl.errors import ArgumentError, MissingDataError
from spark_etl.printable import printable
from spark_etl.reading.duck import text
from spark_etl.schemas.footers import read_footer
from spark_etl.schemas.foreign import TWINS, foreign, foreign_leaves
from spark_etl.schemas.types import FileSchema, describe_type
from spark_etl.snapshots.csv_files import CsvShape, csv_shape, find_bad_row
from spark_etl.snapshots.inputs import CSV, JSON, Inputs, find_bad_text
from spark_etl.snapshots.json_files import json_arguments, json_columns, with_exact_numbers
from spark_etl.snapshots.options import ReadOptions
from spark_etl.snapshots.texts import has_time
from spark_etl.storage import normalise

LONGEST_LINE = 32 << 20  # bytes of one row of a CSV
TEXT = "VARCHAR"
JSON_EXACT = {"BIGINT", "HUGEINT", "BOOLEAN", TEXT}  # of which each value is read as it is written
GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Relation:
    """Files, as SQL reads them.

    Attributes:
        inputs: The files.
        sql: What stands behind `from`.
        shape: How a CSV is written; None of other formats.
        footers: Columns that the footers of Parquet have, as Spark reads them; empty of other formats.
    """

    inputs: Inputs
    sql: str
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
            hint="correct the file, or say how it is read: `./sandbox data put --help` lists the options",
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
    paths = _paths(inputs)
    if inputs.kind == CSV:
        shape = csv_shape(inputs, options)
        return Relation(inputs, f"read_csv([{paths}], {_arguments(_csv_arguments(shape, options))})", shape)
    if inputs.kind == JSON:
        return Relation(inputs, f"read_json([{paths}], {_arguments(json_arguments(inputs))})")
    arguments = _arguments({"union_by_name": "true", "hive_partitioning": "false"})
    return Relation(inputs, f"read_parquet([{paths}], {arguments})", footers=_parquet_columns(inputs))


def as_texts(
    files: Relation, kinds: Mapping[str, Any], options: ReadOptions, folder: Path
) -> tuple[Relation, set[str]]:
    """Returns how SQL reads the values, and the columns that are texts then.

    Args:
        files: How SQL reads their types.
        kinds: Column → its type, as DuckDB's Python API has it.
        options: What the user wants of them.
        folder: Takes copies.
    """
    if files.shape:
        arguments = _csv_arguments(files.shape, options, as_texts=True)
        return replace(files, sql=f"read_csv([{_paths(files.inputs)}], {_arguments(arguments)})"), set(kinds)
    if files.inputs.kind == JSON:
        inputs = files.inputs
        if any(str(kinds[name]) not in JSON_EXACT for name in options.types):
            inputs = with_exact_numbers(inputs, folder)
        columns, texts = json_columns(kinds, options.types)
        arguments = {**json_arguments(inputs), "columns": columns}
        return replace(files, inputs=inputs, sql=f"read_json([{_paths(inputs)}], {_arguments(arguments)})"), texts
    return files, {name for name, kind in kinds.items() if str(kind) == TEXT}


def _paths(inputs: Inputs) -> str:
    return ", ".join(text(GLOB.sub(r"[\g<0>]", str(path.absolute()))) for path in inputs.paths)


def _csv_arguments(shape: CsvShape, options: ReadOptions, *, as_texts: bool = False) -> dict[str, str]:
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
        "max_line_size": str(LONGEST_LINE),
        "hive_partitioning": "false",
        "union_by_name": "true",
    }
    if as_texts:
        return {**given, "all_varchar": "true"}
    given["decimal_separator"] = text(options.decimal)
    if options.date_format and not has_time(options.date_format):
        given["dateformat"] = text(options.date_format)
    return given


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
