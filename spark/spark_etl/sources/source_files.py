"""The files of a source: compared before Spark starts, and read as one frame."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from spark_etl.errors import MissingDataError
from spark_etl.names import alternatives
from spark_etl.schemas.foreign import Conversion, foreign_leaves, refuse_foreign
from spark_etl.schemas.types import FileSchema, UnnotedSchema, schema_from_spark, without_void
from spark_etl.sources.drift import Group, abbreviated, common_schema
from spark_etl.sources.frames import DataFile, FileGroup, Read, read_groups, read_groups_by_types
from spark_etl.sources.partitions import folder_columns, refuse_unfit

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

THREADS = 16
RAW = {"int", "integer", "bigint", "long", "binary"}
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """How the files of a source are to be read.

    Attributes:
        schema_of: Returns the columns of a file without Spark; None where Spark has to be asked.
        union: Columns may be missing in some files, and numbers may be of several sizes.
        only: The columns that matter; all if not given.
        conversion: What becomes of types that Spark lacks.
        declared: The columns and their types are given, so that the files' own do not matter.
        types: Column → type, as they are given, of folder columns that are no texts.
        by_position: Columns are found by their position in a row, so that Spark can leave out none.
        sample_all: Spark has to look at all files to find their columns.
    """

    schema_of: Callable[[str], FileSchema | None] | None
    union: bool = False
    only: Iterable[str] | None = None
    conversion: Conversion = field(default_factory=Conversion)
    declared: bool = False
    types: Mapping[str, str] = field(default_factory=dict)
    by_position: bool = False
    sample_all: bool = False


class SourceFiles:
    """How the files of a source become one frame.

    Args:
        source: The source's `repr`.
        parts: Folder → its files, each with the day or the name that a person knows it by. Folders `name=value` below
            the folder are columns.
        reading: How they are to be read.

    Raises:
        SchemaDriftError: Files do not have the same columns, or Spark has no type for one of them.
    """

    def __init__(self, source: str, parts: Sequence[tuple[str, Mapping[str, str]]], reading: Reading) -> None:
        self._source, self._reading = source, reading
        self._types = {name.lower(): (name, kind) for name, kind in reading.types.items()}
        self._files = [
            DataFile(number, path, label, folder_columns(path, base))
            for number, (base, files) in enumerate(parts)
            for path, label in files.items()
        ]
        for file in self._files:
            refuse_unfit(source, file.path, file.folders.values, self._types)
        self._compared = reading.schema_of is not None
        if reading.schema_of is not None:
            with ThreadPoolExecutor(THREADS) as pool:
                self._compare(pool.map(reading.schema_of, [file.path for file in self._files]))

    def _compare(self, schemas: Iterable[FileSchema | None]) -> None:
        known: dict[Any, FileSchema | None] = {}  # thousands of files have one and the same
        owns = [known.setdefault((type(schema), repr(schema)), schema) for schema in schemas]
        distinct = [schema for schema in known.values() if schema is not None]
        first = next((own for own in owns if own is not None), None)  # what is unknown is taken to be the same
        self._sample = [file.path for file, own in zip(self._files, owns, strict=True) if own is not None][:1]
        self._files = [
            self._placed(replace(file, own=own or first)) for file, own in zip(self._files, owns, strict=True)
        ]
        self._reading.conversion.check(self._source, distinct)
        readable = [(file.path, self._own_columns(file.own, file.folders.values)) for file in self._files]
        refuse_foreign(self._source, readable, self._reading.conversion, declared=self._reading.declared)
        if self._reading.declared:
            _report_missing(self._source, self._files, list(self._wanted(dict(self._reading.types))))
            distinct, self._files = [], [replace(file, own=None) for file in self._files]
        else:
            _report_clashes(self._source, self._files)
        self._groups = group_files(self._files)
        groups = [Group(self._comparable(group), group.labels) for group in self._groups]
        schema = common_schema(self._source, groups, union=self._reading.union, only=self._reading.only)
        self._by_types = len(distinct) > 1 or any(map(_is_unknown_to_spark, distinct))
        if schema is None and self._by_types:
            schema = self._wanted(groups[0].schema or {})
        self._schema = {name: without_void(kind) for name, kind in (schema or {}).items()}

    def _placed(self, file: DataFile) -> DataFile:
        """Returns a file of which Spark finds no folder column that the file has itself, if it can leave out none."""
        is_hidden = self._reading.by_position and file.clashes
        return replace(file, folders=file.folders.as_constants(file.path)) if is_hidden else file

    def _wanted(self, schema: FileSchema) -> FileSchema:
        if self._reading.only is None:
            return schema
        wanted = {name.lower() for name in self._reading.only}
        return {name: kind for name, kind in schema.items() if name.lower() in wanted}

    def _own_columns(self, own: FileSchema | None, folders: Iterable[str]) -> FileSchema:
        """Returns the columns that are read of a file itself: a folder's value wins over a column of its name.

        A declared type may be what Spark reads of a type that it lacks: the number, or the bytes.
        """
        hidden = {name.lower() for name in folders}
        found = self._wanted({name: kind for name, kind in (own or {}).items() if name.lower() not in hidden})
        if not self._reading.declared:
            return found
        declared = {name: self._types[name.lower()][1] for name in found if name.lower() in self._types}
        return {name: found[name] for name, kind in declared.items() if kind not in RAW}

    def _comparable(self, group: FileGroup) -> FileSchema:
        own = self._own_columns(group.own, group.layout.names)
        folders = [name for name in group.layout.names if name.lower() not in self._types]
        conversion = self._reading.conversion
        return {name: conversion.target(name, kind) for name, kind in own.items()} | dict.fromkeys(folders, "string")

    def frame(self, read: Read) -> DataFrame:
        """Returns all files as one.

        Args:
            read: What makes a DataFrame of files.
        """
        if not self._compared:
            self._compare([_ask_spark(read, file.path) for file in self._files])
        if self._by_types:
            return read_groups_by_types(read, self._groups, self._schema, self._reading.conversion, self._types)
        paths = [file.path for file in self._files]
        if not any(group.layout.names for group in self._groups):
            return read(None, None, paths)
        sample = paths if self._reading.sample_all else self._sample or paths[:1]
        schema = read(None, None, sample).schema
        return read_groups(read, self._placed_groups(schema.names), schema, self._types)

    def _placed_groups(self, names: Iterable[str]) -> list[FileGroup]:
        """Returns the groups, once Spark has looked which columns the files have."""
        if not self._reading.sample_all:
            return self._groups
        own: FileSchema = dict.fromkeys(names, "string")
        files = [replace(file, own=own) for file in self._files]
        _report_clashes(self._source, files)
        return group_files([replace(self._placed(file), own=None) for file in files])


def group_files(files: Iterable[DataFile]) -> list[FileGroup]:
    """Returns the files by their columns, and by where Spark finds those of folders."""
    groups: dict[object, list[DataFile]] = {}
    for file in files:
        groups.setdefault((file.part, repr(file.own), file.folders.layout), []).append(file)
    return [FileGroup(found[0].own, found[0].folders.layout, found) for found in groups.values()]


def _report_clashes(source: str, files: Sequence[DataFile]) -> None:
    """Warns of columns that are in files and in the names of their folders, of which the folders' are read."""
    for name, path in {name: file.path for file in reversed(files) for name in file.clashes}.items():
        LOG.warning("%s: `%s` is a column of %s and of its folders: the folders' is read", source, name, path)


def _report_missing(source: str, files: Sequence[DataFile], declared: Sequence[str]) -> None:
    """Warns of declared columns that files lack: Spark reads NULL there."""
    groups = [group for group in group_files(files) if group.own]
    has = [{name.lower() for name in (*(group.own or ()), *group.layout.names)} for group in groups]
    for column in declared:
        lacking = [group for group, names in zip(groups, has, strict=True) if column.lower() not in names]
        labels = [label for group in lacking for label in group.labels.values()]
        known = alternatives(column, dict.fromkeys(name for group in lacking for name in group.own or ()))
        if labels:
            where = abbreviated(labels)
            LOG.warning("%s: `%s` of its schema is missing in %s: it is NULL there. %s", source, column, where, known)


def _is_unknown_to_spark(schema: FileSchema) -> bool:
    has_foreign = any(True for name, kind in schema.items() for _ in foreign_leaves(name, kind))
    return has_foreign or isinstance(schema, UnnotedSchema)


def _ask_spark(read: Read, path: str) -> FileSchema:
    try:
        return schema_from_spark(read(None, None, [path]).schema.jsonValue())
    except Exception as error:
        reason = str(error).split("SQLSTATE")[0].strip().splitlines()[0][:200]
        raise MissingDataError(
            f"Spark can't read the columns of {path}: {reason}",
            hint="pip install pyarrow; the message then says what is wrong with the file",
        ) from error
