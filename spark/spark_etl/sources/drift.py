"""Files of one source whose columns differ: refused before Spark starts, or read as one with `schema="union"`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from spark_etl.errors import SchemaDriftError
from spark_etl.names import quoted
from spark_etl.sources.types import (
    VOID,
    FileSchema,
    NoCommonTypeError,
    Type,
    child_names,
    child_type,
    common_type,
    describe_type,
    fields_of,
    is_spark_type,
    schema_from_spark,
    struct_type,
    to_spark_json,
    with_fields_of,
)
from spark_etl.storage import name_of, relative_to

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    Read = Callable[[Any, Sequence[str]], DataFrame]  # a schema, or None for that of the files; and the files

UNION = "union"
UNION_HINT = 'schema="union" reads them as one: what a file lacks is NULL, and numbers become the larger type'
SEPARATE_HINT = "read them apart, as two sources, and cast in the feature; or leave the column out by select_cols="
MOST_SHOWN = 8
THREADS = 16


class SourceFiles:
    """How the files of a source become one frame.

    Args:
        source: The source's `repr`.
        parts: Folder → its files, each with the day or the name that a person knows it by.
        schema_of: Returns the columns of a file without Spark; None where Spark has to be asked.
        union: Columns may be missing in some files, and numbers may be of several sizes.
        only: The columns that matter; all if not given.

    Raises:
        SchemaDriftError: Files do not have the same columns.
    """

    def __init__(
        self,
        source: str,
        parts: Sequence[tuple[str, Mapping[str, str]]],
        schema_of: Callable[[str], FileSchema | None] | None,
        *,
        union: bool = False,
        only: Iterable[str] | None = None,
    ) -> None:
        self.parts = parts
        self._source, self._union, self._only = source, union, only
        if schema_of is not None:
            paths = [path for _, files in parts for path in files]
            known: dict[str, FileSchema | None] = {}  # thousands of files have one and the same
            with ThreadPoolExecutor(THREADS) as pool:
                schemas = (known.setdefault(repr(schema), schema) for schema in pool.map(schema_of, paths))
                self._compare(dict(zip(paths, schemas, strict=True)))
        self._compared = schema_of is not None

    def _compare(self, schemas: Mapping[str, FileSchema | None]) -> None:
        schemas = {
            path: _without_partition_columns(schemas[path], relative_to(path, base))
            for base, files in self.parts
            for path in files
        }
        groups = group_by_schema(
            (path, label, schemas[path]) for _, files in self.parts for path, label in files.items()
        )
        first = groups[0].schema  # a file whose schema is unknown is taken to have this one
        self._groups = [
            group_by_schema((path, label, schemas[path] or first) for path, label in files.items())
            for _, files in self.parts
        ]
        self._schema = common_schema(self._source, groups, union=self._union, only=self._only)

    def frame(self, read: Callable[[str], Read]) -> DataFrame:
        """Returns all files as one.

        Args:
            read: Folder → what makes a DataFrame of files in it.
        """
        if not self._compared:
            self._compare(
                {
                    path: schema_from_spark(read(base)(None, [path]).schema.jsonValue())
                    for base, files in self.parts
                    for path in files
                }
            )
        frames = [
            read(base)(None, list(files)) if self._schema is None else read_union(read(base), groups, self._schema)
            for (base, files), groups in zip(self.parts, self._groups, strict=True)
        ]
        return reduce(lambda one, other: one.unionByName(other), frames)


@dataclass(frozen=True)
class Group:
    """Files with the same columns.

    Attributes:
        schema: Their columns; None if they are unknown.
        files: Path → the day, or the name, that a person knows it by.
    """

    schema: FileSchema | None
    files: dict[str, str]


def _without_partition_columns(schema: FileSchema | None, below: str) -> FileSchema | None:
    """Returns the columns that a file has itself: a folder `name=value` above it wins over the column of that name."""
    folders = {part.split("=", 1)[0].lower() for part in below.split("/")[:-1] if "=" in part}
    if schema is None or folders.isdisjoint(map(str.lower, schema)):
        return schema
    return {name: kind for name, kind in schema.items() if name.lower() not in folders}


def group_by_schema(files: Iterable[tuple[str, str, FileSchema | None]]) -> list[Group]:
    """Returns the files by their columns; one whose columns are unknown is put into the first group."""
    groups: dict[str, Group] = {}
    unknown: dict[str, str] = {}
    for path, label, schema in files:
        if schema is None:
            unknown[path] = label
        else:
            groups.setdefault(repr(schema), Group(schema, {})).files[path] = label
    found = list(groups.values()) or [Group(None, {})]
    found[0].files.update(unknown)
    return found


def common_schema(
    source: str, groups: Sequence[Group], *, union: bool, only: Iterable[str] | None = None
) -> FileSchema | None:
    """Returns the columns that all files are read with; None if they are the same.

    Their order, small and capital letters and a column that has no value at all in some files are no difference.

    Args:
        source: The source's `repr`.
        groups: Its files.
        union: Columns may be missing in some files, and numbers may be of several sizes.
        only: The columns that matter; all if not given.

    Raises:
        SchemaDriftError: They differ; each column is named with the days it differs on.
    """
    if len(groups) == 1:
        return None
    wanted = None if only is None else {name.lower() for name in only}
    schemas = [_only_columns(group.schema or {}, wanted) for group in groups]
    structs: list[Type] = [struct_type(schema) for schema in schemas]
    found = list(_differences("", structs))
    if found and not union:
        lines = [f"`{name}`: {_describe_difference(types, groups)}" for name, types in found[:MOST_SHOWN]]
        more = [f"and {len(found) - MOST_SHOWN} more columns"] if len(found) > MOST_SHOWN else []
        raise SchemaDriftError(
            "\n  ".join([f"{source}: its files do not have the same columns", *lines, *more]),
            hint=UNION_HINT if all(_have_common_type(types) for _, types in found) else SEPARATE_HINT,
        )
    try:
        whole = reduce(common_type, structs)
    except NoCommonTypeError:
        separate = [(name, types) for name, types in found if not _have_common_type(types)]
        lines = [f"`{name}`: {_describe_difference(types, groups)}" for name, types in separate[:MOST_SHOWN]]
        raise SchemaDriftError(
            "\n  ".join([f"{source}: no type holds all values of these columns", *lines]),
            hint=SEPARATE_HINT,
        ) from None
    return fields_of(whole)  # type: ignore[arg-type]  # of structs, it is one


def _only_columns(schema: FileSchema, wanted: set[str] | None) -> FileSchema:
    return {name: kind for name, kind in schema.items() if wanted is None or name.lower() in wanted}


def _describe_difference(types: Sequence[Type | None], groups: Sequence[Group]) -> str:
    labels: dict[str, list[str]] = {}
    of_days: dict[str, set[str]] = {}
    for kind, group in zip(types, groups, strict=True):
        for label in group.files.values():
            of_days.setdefault(label, set()).add(describe_type(kind))
    for kind, group in zip(types, groups, strict=True):
        labels.setdefault(describe_type(kind), []).extend(
            label if len(of_days[label]) == 1 else f"{label} ({name_of(path)})" for path, label in group.files.items()
        )
    return ", ".join(f"{description} in {_abbreviated(names)}" for description, names in labels.items())


def _abbreviated(labels: Iterable[str]) -> str:
    names = sorted(set(labels))
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]} ({len(names)})"


def _differences(path: str, types: Sequence[Type | None]) -> Iterable[tuple[str, list[Type | None]]]:
    """Yields the innermost places at which types differ, each with what it is in each group."""
    present = [kind for kind in types if kind is not None and kind != VOID]
    kinds = {kind if isinstance(kind, str) else kind["type"] for kind in present}
    if None in types or len(kinds) > 1:
        yield path, list(types)
        return
    if not present or isinstance(present[0], str):
        return
    for name in child_names(present):
        found = [child_type(kind, name) if isinstance(kind, dict) else VOID for kind in types]
        yield from _differences(f"{path}.{name}" if path else name, found)


def _have_common_type(types: Sequence[Type | None]) -> bool:
    try:
        reduce(common_type, [kind for kind in types if kind is not None])
    except NoCommonTypeError:
        return False
    return True


def read_union(read: Read, groups: Sequence[Group], schema: FileSchema) -> DataFrame:
    """Returns all files as one frame, each group read with the types that its files have.

    Args:
        read: Makes a DataFrame of files; with a schema, or with None for that of the files.
        groups: The files, with the same folders above them.
        schema: The columns of all, as `common_schema` returns them.
    """
    known = {name.lower() for group in groups for name in group.schema or {}}
    from pyspark.sql.types import StructType

    # With no columns of the files, what is left are the folders': Spark need not understand the files for that.
    everything = read(StructType([]), [path for group in groups for path in group.files])
    folders = [field for field in everything.schema.fields if field.name.lower() not in known]
    frames = [_read_group(read, group, schema, folders) for group in groups]
    return reduce(lambda one, other: one.unionByName(other), frames)


def _read_group(read: Read, group: Group, schema: FileSchema, folders: Sequence[Any]) -> DataFrame:
    from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it
    from pyspark.sql.types import StructType

    wanted = {name.lower(): kind for name, kind in schema.items()}
    own = {
        name: with_fields_of(kind, wanted.get(name.lower(), kind))
        for name, kind in (group.schema or {}).items()
        if kind != VOID and is_spark_type(kind)
    }
    for name, kind in (group.schema or {}).items():
        if name.lower() in wanted and not is_spark_type(kind):
            raise SchemaDriftError(
                f"column `{name}`: Spark has no type for {describe_type(kind)}, "
                "so that files of several schemas can't be read",
                hint="leave it out by select_cols=, or write it as another type",
            )
    frame = read(StructType([*_spark_type(struct_type(own)).fields, *folders]), list(group.files))
    present = {name.lower(): quoted(name) for name in own}
    columns = [
        (F.col(present[name.lower()]) if name.lower() in present else F.lit(None)).cast(_spark_type(kind)).alias(name)
        for name, kind in schema.items()
    ]
    return frame.select(*columns, *(F.col(quoted(field.name)) for field in folders))


def _spark_type(kind: Type) -> Any:
    from pyspark.sql.types import StructType

    whole: Any = to_spark_json(struct_type({"it": kind}))
    return StructType.fromJson(whole).fields[0].dataType
