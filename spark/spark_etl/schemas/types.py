"""Types of columns, without Spark: their children, and the common type of several.

A type is written as in Spark's JSON of a schema: `long`, `decimal(10,2)`, `{"type": "struct", "fields": […]}`. What
does not concern the values (nullable, metadata) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

Type = str | dict[str, Any]
FileSchema = dict[str, Type]  # the columns of a file, in its order


class UnnotedSchema(dict[str, Type]):
    """The columns of a file in which Spark would look for others: its footer has a note of those it had once."""


VOID = "void"
PRIMITIVES = {"boolean", "string", "binary", "date", "timestamp", "timestamp_ntz", "variant", VOID}
INTEGERS = {"byte": 3, "short": 5, "integer": 10, "long": 20}  # with their digits as a decimal
DECIMAL = re.compile(r"decimal\((\d+),(-?\d+)\)")
MOST_DIGITS = 38
# What a double holds of each exactly; of a long it does not.
FIT_DOUBLE = {"byte", "short", "integer", "float", "double"}
FIT_FLOAT = {"byte", "short", "float"}
OTHERS_OF_SPARK = ("interval ", "time(", "char(", "varchar(", "string collate")
KNOWN = PRIMITIVES | FIT_DOUBLE | INTEGERS.keys()


def struct_type(fields: Mapping[str, Type]) -> dict[str, Any]:
    """Returns the type of a struct."""
    return {"type": "struct", "fields": [{"name": name, "type": kind} for name, kind in fields.items()]}


def fields_of(kind: Mapping[str, Any]) -> FileSchema:
    """Returns name → type of a struct's fields."""
    return {field["name"]: field["type"] for field in kind["fields"]}


def child_names(kinds: Sequence[Type]) -> list[str]:
    """Returns the names of the children of nested types of one kind."""
    first = kinds[0]
    if isinstance(first, dict) and first["type"] != "struct":
        return [name for name in ("elementType", "keyType", "valueType") if name in first]
    names: dict[str, str] = {}
    for kind in kinds:
        for name in fields_of(kind):  # type: ignore[arg-type]
            names.setdefault(name.lower(), name)
    return list(names.values())


def child_type(kind: Mapping[str, Any], name: str) -> Type | None:
    """Returns the child of a nested type by its name; None if there is no such field."""
    if kind["type"] != "struct":
        return kind.get(name)
    return next((inner for own, inner in fields_of(kind).items() if own.lower() == name.lower()), None)


def describe_type(kind: Type | None) -> str:
    """Returns a type as SQL writes it; `missing` for None."""
    if kind is None:
        return "missing"
    if isinstance(kind, str):
        return {"long": "bigint", "integer": "int", "short": "smallint", "byte": "tinyint"}.get(kind, kind)
    if kind["type"] == "struct":
        return f"struct<{', '.join(fields_of(kind))}>"
    inner = [kind[name] for name in ("elementType", "keyType", "valueType") if name in kind]
    return f"{kind['type']}<{', '.join(map(describe_type, inner))}>"


def sql_type(kind: Type) -> str:
    """Returns a whole type as Spark's SQL writes it: `struct<id:bigint,tags:array<string>>`."""
    if isinstance(kind, str):
        return describe_type(kind)
    if kind["type"] == "struct":
        return f"struct<{','.join(f'{name}:{sql_type(inner)}' for name, inner in fields_of(kind).items())}>"
    inner = [kind[name] for name in ("elementType", "keyType", "valueType") if name in kind]
    return f"{kind['type']}<{','.join(map(sql_type, inner))}>"


def schema_from_spark(schema: Mapping[str, Any]) -> FileSchema:
    """Returns the columns of a schema in Spark's JSON."""
    return {field["name"]: _from_spark(field["type"]) for field in schema["fields"]}


def _from_spark(kind: Any) -> Type:
    if not isinstance(kind, dict):
        return str(kind)
    if kind["type"] == "struct":
        return struct_type(schema_from_spark(kind))
    if kind["type"] == "udt":
        return _from_spark(kind["sqlType"])
    return {"type": kind["type"], **{name: _from_spark(kind[name]) for name in kind if name.endswith("Type")}}


def to_spark_json(kind: Type) -> Any:
    """Returns Spark's JSON of a type, of which anything may be NULL."""
    if isinstance(kind, str):
        return kind
    if kind["type"] == "struct":
        fields = [
            {"name": name, "type": to_spark_json(inner), "nullable": True, "metadata": {}}
            for name, inner in fields_of(kind).items()
        ]
        return {"type": "struct", "fields": fields}
    if kind["type"] == "array":
        return {"type": "array", "elementType": to_spark_json(kind["elementType"]), "containsNull": True}
    inner = {name: to_spark_json(kind[name]) for name in ("keyType", "valueType")}
    return {"type": "map", **inner, "valueContainsNull": True}


def without_void(kind: Type) -> Type:
    """Returns a type with `int` for what has no value at all, as Spark reads it: no file can be written without."""
    if isinstance(kind, str):
        return "integer" if kind == VOID else kind
    if kind["type"] == "struct":
        return struct_type({name: without_void(inner) for name, inner in fields_of(kind).items()})
    return {name: without_void(inner) if name.endswith("Type") else inner for name, inner in kind.items()}


def is_spark_type(kind: Type) -> bool:
    """Returns whether Spark has such a type; of a nested one, it is not checked."""
    if not isinstance(kind, str) or kind in KNOWN or kind.startswith(OTHERS_OF_SPARK):
        return True
    match = DECIMAL.fullmatch(kind)
    return match is not None and int(match[1]) <= MOST_DIGITS


class NoCommonTypeError(Exception):
    """Raised when no type holds all values of two others."""


def common_type(one: Type, other: Type) -> Type:
    """Returns the type that holds every value of both, exactly."""
    if other in (one, VOID):
        return one
    if one == VOID:
        return other
    if isinstance(one, str) and isinstance(other, str):
        return _common_primitive(one, other)
    if isinstance(one, str) or isinstance(other, str) or one["type"] != other["type"]:
        raise NoCommonTypeError
    if one["type"] != "struct":
        return {name: kind if name == "type" else common_type(kind, other[name]) for name, kind in one.items()}
    pairs = ((name, [child_type(one, name), child_type(other, name)]) for name in child_names([one, other]))
    fields = {name: reduce(common_type, [kind for kind in pair if kind is not None]) for name, pair in pairs}
    return struct_type(fields)


def _common_primitive(one: str, other: str) -> str:
    both = {one, other}
    if both <= INTEGERS.keys():
        return max(both, key=lambda name: INTEGERS[name])
    for known, target in ((FIT_FLOAT, "float"), (FIT_DOUBLE, "double")):
        if both <= known:
            return target
    (whole, part), (other_whole, other_part) = _digits(one), _digits(other)
    scale = max(part, other_part)
    precision = max(whole, other_whole) + scale
    if precision > MOST_DIGITS:
        raise NoCommonTypeError
    return f"decimal({precision},{scale})"


def _digits(name: str) -> tuple[int, int]:
    """Returns how many digits a type has before and after the point."""
    match = DECIMAL.fullmatch(name)
    if match:
        return int(match[1]) - int(match[2]), int(match[2])
    if name in INTEGERS:
        return INTEGERS[name], 0
    raise NoCommonTypeError


def with_fields_of(kind: Type, target: Type) -> Type:
    """Returns a type with all the fields of the target's structs; what it has itself keeps its type."""
    if isinstance(kind, str) or isinstance(target, str):
        return kind
    if kind["type"] != "struct":
        return {name: inner if name == "type" else with_fields_of(kind[name], inner) for name, inner in target.items()}
    pairs = {name: (child_type(kind, name), inner) for name, inner in fields_of(target).items()}
    return struct_type(
        {name: inner if own is None else with_fields_of(own, inner) for name, (own, inner) in pairs.items()}
    )
