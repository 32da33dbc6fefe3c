"""Groups of files, each with columns of its own, as one frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.names import quoted
from spark_etl.schemas.foreign import Conversion, foreign_leaves, raw_type
from spark_etl.schemas.types import VOID, FileSchema, Type, struct_type, to_spark_json, with_fields_of
from spark_etl.sources.conversion import Converter
from spark_etl.sources.partitions import FolderColumns, Layout, folder_column

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType

    # A schema, or None for that of the files; the folder that Spark looks for folder columns below, or None; the files.
Read = Callable[[Any, "str | None", Sequence[str]], "DataFrame"]
Types = Mapping[str, tuple[str, str]]  # a folder column in small letters → its name and type, as they are declared


@dataclass(frozen=True)
class DataFile:
    """A file of a source.

    Attributes:
        part: The number of the path that it was found by.
        path: Its path.
        label: The day, or the name, that a person knows it by.
        folders: Its columns that are in the names of folders.
        own: The columns that it has itself; None if they are unknown.
    """

    part: int
    path: str
    label: str
    folders: FolderColumns
    own: FileSchema | None = None

    @property
    def clashes(self) -> list[str]:
        """The columns that are in the file and in the names of its folders."""
        folders = {name.lower() for name in self.folders.values}
        return [name for name in self.own or {} if name.lower() in folders]


@dataclass(frozen=True)
class FileGroup:
    """Files with the same columns, of which Spark finds those of folders below one.

    Attributes:
        own: The columns that the files have themselves; None if they are unknown.
        layout: Where the columns in the names of folders are found.
        files: The files.
    """

    own: FileSchema | None
    layout: Layout
    files: Sequence[DataFile]

    @property
    def labels(self) -> dict[str, str]:
        """Path → the day, or the name, that a person knows a file by."""
        return {file.path: file.label for file in self.files}

    def read(self, read: Read, own: Any) -> DataFrame:
        """Returns the frame of the files.

        Args:
            read: What makes a DataFrame of files.
            own: A schema of the files' own columns.
        """
        from pyspark.sql.types import StringType, StructField, StructType

        paths = [file.path for file in self.files]
        inner = {name.lower() for name in self.layout.inner}
        fields = [field for field in own.fields if field.name.lower() not in inner]
        folders = [StructField(name, StringType()) for name in self.layout.inner]
        return read(StructType([*fields, *folders]), self.layout.root if inner else None, paths)

    def folder_columns(self, types: Types) -> dict[str, Column]:
        """Returns the columns of folders by their names in small letters."""
        misread = {wrong: value for file in self.files for wrong, value in file.folders.misread.items()}
        return {name.lower(): folder_column(name, self.layout, misread, types) for name in self.layout.names}


def read_groups(read: Read, groups: Sequence[FileGroup], own: StructType, types: Types) -> DataFrame:
    """Returns files that have the same columns themselves as one frame.

    Args:
        read: What makes a DataFrame of files.
        groups: The files.
        own: Their own columns.
        types: Folder columns that are no texts.
    """
    from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it

    names, missing = _all_names(own.names, groups, types)
    frames = []
    for group in groups:
        known = {name.lower(): F.col(quoted(name)) for name in own.names} | group.folder_columns(types)
        frames.append(_select(group.read(read, own), known, names, missing))
    return _union(frames)


def read_groups_by_types(
    read: Read, groups: Sequence[FileGroup], schema: FileSchema, conversion: Conversion, types: Types
) -> DataFrame:
    """Returns files as one frame, each group read with the types that its files have.

    Args:
        read: What makes a DataFrame of files.
        groups: The files; their own columns are known.
        schema: The columns of all, as `common_schema` returns them.
        conversion: What becomes of types that Spark lacks.
        types: Folder columns that are no texts.
    """
    wanted = {name.lower(): kind for name, kind in schema.items()}
    names, missing = _all_names(list(schema), groups, types)
    missing = {name: _spark_type(kind) for name, kind in wanted.items()} | missing
    frames = []
    for group in groups:
        own = {
            name: with_fields_of(kind, wanted.get(name.lower(), kind))
            for name, kind in (group.own or {}).items()
            if kind != VOID and not any(foreign_leaves(name, raw_type(kind)))
        }
        frame = group.read(read, _spark_type(struct_type({name: raw_type(kind) for name, kind in own.items()})))
        known = _converted(frame, own, wanted, conversion) | group.folder_columns(types)
        frames.append(_select(frame, known, names, missing))
    return _union(frames)


def _converted(frame: DataFrame, own: FileSchema, wanted: FileSchema, conversion: Conversion) -> dict[str, Column]:
    """Returns the columns of a group, of the types that all groups have, by their names in small letters."""
    from pyspark.sql import functions as F  # noqa: N812

    converter = Converter(conversion, frame)
    chosen = {name: kind for name, kind in own.items() if name.lower() in wanted}
    columns = {name: converter.column(name, F.col(quoted(name)), kind) for name, kind in chosen.items()}
    return {name.lower(): column.cast(_spark_type(wanted[name.lower()])) for name, column in columns.items()}


def _all_names(data: Sequence[str], groups: Sequence[FileGroup], types: Types) -> tuple[dict[str, str], dict[str, Any]]:
    """Returns all columns, those of folders last: in small letters → the name; and the types of those of folders."""
    shown = {name.lower(): name for group in reversed(groups) for name in reversed(group.layout.names)}
    folders = {name: types.get(name, (own, "string")) for name, own in reversed(shown.items())}
    names = {name.lower(): name for name in data if name.lower() not in folders}
    return names | {name: own for name, (own, _) in folders.items()}, {
        name: kind for name, (_, kind) in folders.items()
    }


def _select(
    frame: DataFrame, known: Mapping[str, Column], names: Mapping[str, str], missing: Mapping[str, Any]
) -> DataFrame:
    """Returns columns of a frame, in one order for all groups; what is missing is NULL.

    Args:
        frame: The files of a group.
        known: Its columns, by their names in small letters.
        names: The columns wanted: in small letters → the name.
        missing: The types of those that a group may lack.
    """
    from pyspark.sql import functions as F  # noqa: N812

    columns = {name: known[name] if name in known else F.lit(None).cast(missing[name]) for name in names}
    return frame.select(*(column.alias(names[name]) for name, column in columns.items()))


def _union(frames: Sequence[DataFrame]) -> DataFrame:
    """Returns all rows, by a tree of unions: a list of hundreds, one in the other, is too deep for Spark Connect."""
    while len(frames) > 1:
        pairs = [frames[at : at + 2] for at in range(0, len(frames), 2)]
        frames = [pair[0].unionByName(pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]
    return frames[0]


def _spark_type(kind: Type) -> Any:
    from pyspark.sql.types import StructType

    whole: Any = to_spark_json(struct_type({"it": kind}))
    return StructType.fromJson(whole).fields[0].dataType
