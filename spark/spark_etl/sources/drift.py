"""Files of one source whose columns are not the same: told before Spark starts, or read as one by choice."""

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
    NotOneTypeError,
    Shape,
    Type,
    as_spark,
    fields_of,
    is_sparks,
    part_of,
    parts_of,
    seen_as,
    spark_shape,
    struct,
    united,
    words,
)
from spark_etl.storage import name_of, relative_to

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    Read = Callable[[Any, Sequence[str]], DataFrame]  # a schema, or None for that of the files; and the files

UNION = "union"
AS_ONE = 'schema="union" reads them as one: what a file lacks is NULL, and numbers become the larger type'
APART = "read them apart, as two sources, and cast in the feature; or leave the column out by select_cols="
MOST_SHOWN = 8
THREADS = 16


class Layout:
    """How the files of a source become one frame.

    Args:
        what: The source, as it shows itself.
        parts: Folder → its files, each with the day or the name that a person knows it by.
        shape_of: Returns the columns of a file without Spark; None where Spark has to be asked.
        union: Columns may be missing in some files, and numbers may be of several sizes.
        only: The columns that matter; all if not given.

    Raises:
        SchemaDriftError: Files do not have the same columns.
    """

    def __init__(
        self,
        what: str,
        parts: Sequence[tuple[str, Mapping[str, str]]],
        shape_of: Callable[[str], Shape | None] | None,
        *,
        union: bool = False,
        only: Iterable[str] | None = None,
    ) -> None:
        self.parts = parts
        self._what, self._union, self._only = what, union, only
        if shape_of is not None:
            paths = [path for _, files in parts for path in files]
            known: dict[str, Shape | None] = {}  # thousands of files have one and the same
            with ThreadPoolExecutor(THREADS) as pool:
                shapes = (known.setdefault(repr(shape), shape) for shape in pool.map(shape_of, paths))
                self._compare(dict(zip(paths, shapes, strict=True)))
        self._compared = shape_of is not None

    def _compare(self, shapes: Mapping[str, Shape | None]) -> None:
        shapes = {
            path: _of_the_file(shapes[path], relative_to(path, base)) for base, files in self.parts for path in files
        }
        everything = grouped((path, label, shapes[path]) for _, files in self.parts for path, label in files.items())
        first = everything[0].shape  # what can't be told is taken to be as that
        self._groups = [
            grouped((path, label, shapes[path] or first) for path, label in files.items()) for _, files in self.parts
        ]
        self._shape = joined(self._what, everything, union=self._union, only=self._only)

    def frame(self, read: Callable[[str], Read]) -> DataFrame:
        """Returns all files as one.

        Args:
            read: Folder → what makes a DataFrame of files in it.
        """
        if not self._compared:
            self._compare(
                {
                    path: spark_shape(read(base)(None, [path]).schema.jsonValue())
                    for base, files in self.parts
                    for path in files
                }
            )
        frames = [
            read(base)(None, list(files)) if self._shape is None else read_as_one(read(base), groups, self._shape)
            for (base, files), groups in zip(self.parts, self._groups, strict=True)
        ]
        return reduce(lambda one, other: one.unionByName(other), frames)


@dataclass(frozen=True)
class Group:
    """Files with the same columns.

    Attributes:
        shape: Their columns; None if they can't be told.
        files: Path → the day, or the name, that a person knows it by.
    """

    shape: Shape | None
    files: dict[str, str]


def _of_the_file(shape: Shape | None, below: str) -> Shape | None:
    """Returns the columns that a file has itself: those that its folders' names tell win over them."""
    folders = {part.split("=", 1)[0].lower() for part in below.split("/")[:-1] if "=" in part}
    if shape is None or folders.isdisjoint(map(str.lower, shape)):
        return shape
    return {name: kind for name, kind in shape.items() if name.lower() not in folders}


def grouped(files: Iterable[tuple[str, str, Shape | None]]) -> list[Group]:
    """Returns the files by their columns; those that can't be told are taken to be as the first."""
    groups: dict[str, Group] = {}
    unknown: dict[str, str] = {}
    for path, label, shape in files:
        if shape is None:
            unknown[path] = label
        else:
            groups.setdefault(repr(shape), Group(shape, {})).files[path] = label
    found = list(groups.values()) or [Group(None, {})]
    found[0].files.update(unknown)
    return found


def joined(what: str, groups: Sequence[Group], *, union: bool, only: Iterable[str] | None = None) -> Shape | None:
    """Returns the columns that all files are read with; None if they need no care.

    Their order, small and capital letters and a column that has no value at all in some files are no difference.

    Args:
        what: The source, as it shows itself.
        groups: Its files.
        union: Columns may be missing in some files, and numbers may be of several sizes.
        only: The columns that matter; all if not given.

    Raises:
        SchemaDriftError: They differ; each column is named with the days it differs on.
    """
    if len(groups) == 1:
        return None
    kept = None if only is None else {name.lower() for name in only}
    shapes = [_without(group.shape or {}, kept) for group in groups]
    structs: list[Type] = [struct(shape) for shape in shapes]
    found = list(_differences("", structs))
    if found and not union:
        lines = [f"`{name}`: {_spread(types, groups)}" for name, types in found[:MOST_SHOWN]]
        more = [f"and {len(found) - MOST_SHOWN} more columns"] if len(found) > MOST_SHOWN else []
        raise SchemaDriftError(
            "\n  ".join([f"{what}: its files do not have the same columns", *lines, *more]),
            hint=AS_ONE if all(_can_be_one(types) for _, types in found) else APART,
        )
    try:
        whole = reduce(united, structs)
    except NotOneTypeError:
        apart = [(name, types) for name, types in found if not _can_be_one(types)]
        lines = [f"`{name}`: {_spread(types, groups)}" for name, types in apart[:MOST_SHOWN]]
        raise SchemaDriftError(
            "\n  ".join([f"{what}: no type holds all values of these columns", *lines]),
            hint=APART,
        ) from None
    return fields_of(whole)  # type: ignore[arg-type]  # of structs, it is one


def _without(shape: Shape, kept: set[str] | None) -> Shape:
    return {name: kind for name, kind in shape.items() if kept is None or name.lower() in kept}


def _spread(types: Sequence[Type | None], groups: Sequence[Group]) -> str:
    labels: dict[str, list[str]] = {}
    of_days: dict[str, set[str]] = {}
    for kind, group in zip(types, groups, strict=True):
        for label in group.files.values():
            of_days.setdefault(label, set()).add(words(kind))
    for kind, group in zip(types, groups, strict=True):
        labels.setdefault(words(kind), []).extend(
            label if len(of_days[label]) == 1 else f"{label} ({name_of(path)})" for path, label in group.files.items()
        )
    return ", ".join(f"{word} in {_some(names)}" for word, names in labels.items())


def _some(labels: Iterable[str]) -> str:
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
    for name in parts_of(present):
        found = [part_of(kind, name) if isinstance(kind, dict) else VOID for kind in types]
        yield from _differences(f"{path}.{name}" if path else name, found)


def _can_be_one(types: Sequence[Type | None]) -> bool:
    try:
        reduce(united, [kind for kind in types if kind is not None])
    except NotOneTypeError:
        return False
    return True


def read_as_one(read: Read, groups: Sequence[Group], shape: Shape) -> DataFrame:
    """Returns all files as one frame, each group read with the types that its files have.

    Args:
        read: Makes a DataFrame of files; with a schema, or with None for that of the files.
        groups: The files, with the same folders above them.
        shape: The columns of all, as `joined` returns them.
    """
    known = {name.lower() for group in groups for name in group.shape or {}}
    from pyspark.sql.types import StructType

    # With no columns of the files, what is left are the folders': Spark need not understand the files for that.
    everything = read(StructType([]), [path for group in groups for path in group.files])
    folders = [field for field in everything.schema.fields if field.name.lower() not in known]
    frames = [_in_shape(read, group, shape, folders) for group in groups]
    return reduce(lambda one, other: one.unionByName(other), frames)


def _in_shape(read: Read, group: Group, shape: Shape, folders: Sequence[Any]) -> DataFrame:
    from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it
    from pyspark.sql.types import StructType

    wanted = {name.lower(): kind for name, kind in shape.items()}
    own = {
        name: seen_as(kind, wanted.get(name.lower(), kind))
        for name, kind in (group.shape or {}).items()
        if kind != VOID and is_sparks(kind)
    }
    for name, kind in (group.shape or {}).items():
        if name.lower() in wanted and not is_sparks(kind):
            raise SchemaDriftError(
                f"column `{name}`: Spark has no type for {words(kind)}, so that files of several layouts can't be read",
                hint="leave it out by select_cols=, or write it as another type",
            )
    frame = read(StructType([*_spark_type(struct(own)).fields, *folders]), list(group.files))
    there = {name.lower(): quoted(name) for name in own}
    columns = [
        (F.col(there[name.lower()]) if name.lower() in there else F.lit(None)).cast(_spark_type(kind)).alias(name)
        for name, kind in shape.items()
    ]
    return frame.select(*columns, *(F.col(quoted(field.name)) for field in folders))


def _spark_type(kind: Type) -> Any:
    from pyspark.sql.types import StructType

    whole: Any = as_spark(struct({"it": kind}))
    return StructType.fromJson(whole).fields[0].dataType
