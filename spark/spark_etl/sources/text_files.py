"""Files of text: CSV and JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from spark_etl.errors import ConfigError, MissingDataError
from spark_etl.schemas.types import FileSchema
from spark_etl.source import InputObject
from spark_etl.sources.faults import (
    ContentCheck,
    Fault,
    find_csv_fault,
    find_json_changes,
    find_json_fault,
    find_other_spelling,
    find_silent_csv_faults,
    find_silent_json_faults,
    names_in,
)
from spark_etl.sources.faults.values import Column, parse_columns
from spark_etl.sources.file_schemas import csv_schema, no_schema
from spark_etl.sources.files import FileSource
from spark_etl.sources.source_files import Reading

LOG = logging.getLogger(__name__)
STRICT = {"mode": "FAILFAST"}
LENIENT = "PERMISSIVE"


class TextSource(FileSource):
    """Files of text; see `FileSource`."""

    def _check_content(self, files: Sequence[InputObject]) -> None:
        mode = str(self._option("mode")).upper()
        empty = {item.path for item in files if not item.bytes}

        def find_silent(path: str, text: str, is_whole: bool) -> Iterable[Fault]:
            if is_whole and text.isspace():
                empty.add(path)
            return self._find_silent_faults(path, text, is_whole=is_whole) if mode == STRICT["mode"] else ()

        ContentCheck(self._known_options, mode != LENIENT, find_silent).refuse(files)
        if not self._is_declared and files and len(empty) == len(files):
            raise MissingDataError(
                f"{files[0].path} is empty" + (f", and so are {len(files) - 1} more" if len(files) > 1 else ""),
                hint="without a schema its columns are not known; with schema=… it is read as a frame without rows",
            )

    def _find_silent_faults(self, path: str, text: str, *, is_whole: bool) -> Iterable[Fault]:  # noqa: ARG002
        """Yields the faults of a file that Spark would read otherwise, without a word."""
        return ()

    def _columns(self, path: str) -> list[Column] | None:
        """Returns the schema's columns that a file has itself: those of `name=value` folders above it are not in it."""
        if not self.schema or self._union:
            return None
        folders = {part.split("=", 1)[0].lower() for part in path.split("/")[:-1] if "=" in part}
        return [column for column in parse_columns(self.schema) if column.name.lower() not in folders]


class CsvSource(TextSource):
    """CSV files whose first row names the columns; see `FileSource`.

    Without a schema each column is a string. A row that doesn't fit fails the run, and so does a header that is not the
    schema's. Spark's options allow both: `{"mode": "PERMISSIVE"}`, `{"enforceSchema": True}`, `{"header": False}`.
    """

    format = "csv"
    defaults = {**STRICT, "header": True, "enforceSchema": False}  # noqa: RUF012 - never changed

    def _schema_reader(self) -> Callable[[str], FileSchema | None] | None:
        if self._is_declared or not self._is_enabled("header"):
            return no_schema
        if self._union and self._is_enabled("inferSchema"):
            raise ConfigError(
                f"{self!r}: inferSchema finds other types in other files",
                hint='schema="union" without inferSchema: each column is a string',
            )
        if self._is_enabled("inferSchema"):
            return no_schema  # Spark compares the headers itself, and finds types of all files together
        return lambda path: csv_schema(path, self._known_options)

    def _reading(self) -> Reading:
        found_by_spark = self._is_enabled("inferSchema") or not self._is_enabled("header")
        by_names = super()._reading()
        return replace(by_names, by_position=True, sample_all=by_names.sample_all and found_by_spark)

    def _find_silent_faults(self, path: str, text: str, *, is_whole: bool) -> Iterable[Fault]:  # noqa: ARG002
        own = {name.lower(): value for name, value in self.options.items()}
        return find_silent_csv_faults(path, text, self._known_options, own, self._columns(path))

    def find_fault(self, path: str, record: str | None = None) -> Fault | None:
        """Returns the first row that does not fit; see `FileSource.find_fault`."""
        return find_csv_fault(path, self._known_options, self._columns(path), record)


class JsonSource(TextSource):
    """JSON files of one document a line; see `FileSource`.

    Without a schema Spark reads all files once to find it out: a document that lacks a field has NULL there. A line
    that doesn't fit fails the run.
    """

    format = "json"
    defaults = STRICT

    def _check_content(self, files: Sequence[InputObject]) -> None:
        columns = [column for item in files[:1] for column in self._columns(item.path) or ()]
        self._names = {column.name.lower(): column.name for column in columns}
        declared = list(self._names.values())
        self._fields: dict[str, set[str] | None] = {}
        super()._check_content(files)
        found = [names for names in self._fields.values() if names is not None]
        for name in declared if found and len(self._fields) == len(files) else ():
            if not any(name in names for names in found):
                LOG.warning("%r: no document has a field `%s`, which is in its schema: it is NULL", self, name)

    def _find_silent_faults(self, path: str, text: str, *, is_whole: bool) -> Iterable[Fault]:
        options, columns = self._known_options, self._columns(path)
        if is_whole:
            self._fields[path] = names_in(text, self._names.values()) if text.strip() else None
        yield from find_silent_json_faults(path, text, options)
        yield from find_other_spelling(path, text, options, self._names, declared=columns is not None)
        yield from find_json_changes(path, text, options, columns or ())

    def find_fault(self, path: str, record: str | None = None) -> Fault | None:  # noqa: ARG002
        """Returns the first document that does not fit; see `FileSource.find_fault`."""
        return find_json_fault(path, self._known_options, self._columns(path))
