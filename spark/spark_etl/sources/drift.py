"""Files of one source whose columns differ: refused, or of a common schema with `schema="union"`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from spark_etl.errors import SchemaDriftError
from spark_etl.schemas.types import (
    VOID,
    FileSchema,
    NoCommonTypeError,
    Type,
    child_names,
    child_type,
    common_type,
    describe_type,
    fields_of,
    struct_type,
)
from spark_etl.storage import name_of

UNION = "union"
UNION_HINT = 'schema="union" reads them as one: what a file lacks is NULL, and numbers become the larger type'
SEPARATE_HINT = "read them apart, as two sources, and cast in the feature; or leave the column out by select_cols="
MOST_SHOWN = 8


@dataclass(frozen=True)
class Group:
    """Files with the same columns.

    Attributes:
        schema: Their columns; None if they are unknown.
        files: Path → the day, or the name, that a person knows it by.
    """

    schema: FileSchema | None
    files: dict[str, str]


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
    return ", ".join(f"{description} in {abbreviated(names)}" for description, names in labels.items())


def abbreviated(labels: Iterable[str]) -> str:
    """Returns days, or names, each once; of many, the first and the last."""
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
