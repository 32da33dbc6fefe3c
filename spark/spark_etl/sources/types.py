"""Types of columns, without Spark: their parts, and the type that holds the values of several.

A type is what Spark's own JSON of a schema has: `long`, `decimal(10,2)`, `{"type": "struct", "fields": […]}`, without
what is no matter of the values (nullable, metadata).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

Type = str | dict[str, Any]
Shape = dict[str, Type]  # the columns of a file, in its order

VOID = "void"
ATOMS = {"boolean", "string", "binary", "date", "timestamp", "timestamp_ntz", "variant", VOID}
INTEGERS = {"byte": 3, "short": 5, "integer": 10, "long": 20}  # with their digits as a decimal
DECIMAL = re.compile(r"decimal\((\d+),(-?\d+)\)")
MOST_DIGITS = 38
# What a double holds of each exactly; of a long it does not.
IN_DOUBLE = {"byte", "short", "integer", "float", "double"}
IN_FLOAT = {"byte", "short", "float"}
KNOWN = ATOMS | IN_DOUBLE | INTEGERS.keys()


def struct(fields: Mapping[str, Type]) -> dict[str, Any]:
    """Returns the type of a struct."""
    return {"type": "struct", "fields": [{"name": name, "type": kind} for name, kind in fields.items()]}


def fields_of(kind: Mapping[str, Any]) -> Shape:
    """Returns name → type of a struct's fields."""
    return {field["name"]: field["type"] for field in kind["fields"]}


def parts_of(kinds: Sequence[Type]) -> list[str]:
    """Returns the names of what is inside of some types of one kind."""
    first = kinds[0]
    if isinstance(first, dict) and first["type"] != "struct":
        return [name for name in ("elementType", "keyType", "valueType") if name in first]
    names: dict[str, str] = {}
    for kind in kinds:
        for name in fields_of(kind):  # type: ignore[arg-type]
            names.setdefault(name.lower(), name)
    return list(names.values())


def part_of(kind: Mapping[str, Any], name: str) -> Type | None:
    """Returns what is inside of a nested type under a name; None if there is no such field."""
    if kind["type"] != "struct":
        return kind.get(name)
    return next((inner for own, inner in fields_of(kind).items() if own.lower() == name.lower()), None)


def words(kind: Type | None) -> str:
    """Returns what a person reads of a type, or of there being no such column."""
    if kind is None:
        return "missing"
    if isinstance(kind, str):
        return {"long": "bigint", "integer": "int", "short": "smallint", "byte": "tinyint"}.get(kind, kind)
    if kind["type"] == "struct":
        return f"struct<{', '.join(fields_of(kind))}>"
    inner = [kind[name] for name in ("elementType", "keyType", "valueType") if name in kind]
    return f"{kind['type']}<{', '.join(map(words, inner))}>"


def spark_shape(schema: Mapping[str, Any]) -> Shape:
    """Returns the columns of a schema in Spark's JSON."""
    return {field["name"]: _plain(field["type"]) for field in schema["fields"]}


def _plain(kind: Any) -> Type:
    if not isinstance(kind, dict):
        return str(kind)
    if kind["type"] == "struct":
        return struct(spark_shape(kind))
    if kind["type"] == "udt":
        return _plain(kind["sqlType"])
    return {"type": kind["type"], **{name: _plain(kind[name]) for name in kind if name.endswith("Type")}}


def as_spark(kind: Type) -> Any:
    """Returns Spark's JSON of a type, of which anything may be NULL."""
    if isinstance(kind, str):
        return kind
    if kind["type"] == "struct":
        fields = [
            {"name": name, "type": as_spark(inner), "nullable": True, "metadata": {}}
            for name, inner in fields_of(kind).items()
        ]
        return {"type": "struct", "fields": fields}
    if kind["type"] == "array":
        return {"type": "array", "elementType": as_spark(kind["elementType"]), "containsNull": True}
    inner = {name: as_spark(kind[name]) for name in ("keyType", "valueType")}
    return {"type": "map", **inner, "valueContainsNull": True}


def is_sparks(kind: Type) -> bool:
    """Tells whether Spark has such a type; a nested one is taken to be."""
    return not isinstance(kind, str) or kind in KNOWN or kind.startswith(("decimal(", "interval ", "time("))


class NotOneTypeError(Exception):
    """Raised when no type holds all values of two others."""


def united(one: Type, other: Type) -> Type:
    """Returns the type that holds every value of both, exactly."""
    if other in (one, VOID):
        return one
    if one == VOID:
        return other
    if isinstance(one, str) and isinstance(other, str):
        return _united_atoms(one, other)
    if isinstance(one, str) or isinstance(other, str) or one["type"] != other["type"]:
        raise NotOneTypeError
    if one["type"] != "struct":
        return {name: kind if name == "type" else united(kind, other[name]) for name, kind in one.items()}
    pairs = ((name, [part_of(one, name), part_of(other, name)]) for name in parts_of([one, other]))
    return struct({name: reduce(united, [kind for kind in pair if kind is not None]) for name, pair in pairs})


def _united_atoms(one: str, other: str) -> str:
    both = {one, other}
    if both <= INTEGERS.keys():
        return max(both, key=lambda name: INTEGERS[name])
    for known, target in ((IN_FLOAT, "float"), (IN_DOUBLE, "double")):
        if both <= known:
            return target
    (whole, part), (other_whole, other_part) = _digits(one), _digits(other)
    scale = max(part, other_part)
    precision = max(whole, other_whole) + scale
    if precision > MOST_DIGITS:
        raise NotOneTypeError
    return f"decimal({precision},{scale})"


def _digits(name: str) -> tuple[int, int]:
    """Returns how many digits a type has before and after the point."""
    match = DECIMAL.fullmatch(name)
    if match:
        return int(match[1]) - int(match[2]), int(match[2])
    if name in INTEGERS:
        return INTEGERS[name], 0
    raise NotOneTypeError


def seen_as(kind: Type, target: Type) -> Type:
    """Returns a type with all the fields of the target's structs; what it has itself keeps its type."""
    if isinstance(kind, str) or isinstance(target, str):
        return kind
    if kind["type"] != "struct":
        return {name: inner if name == "type" else seen_as(kind[name], inner) for name, inner in target.items()}
    pairs = {name: (part_of(kind, name), inner) for name, inner in fields_of(target).items()}
    return struct({name: inner if own is None else seen_as(own, inner) for name, (own, inner) in pairs.items()})
