"""Values as a test writes them, as Arrow takes them for a type: nothing is dropped, cut or taken by its place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_etl.errors import ArgumentError
from spark_etl.names import alternatives

if TYPE_CHECKING:
    import pyarrow as pa

MIDNIGHT = time()


def named(value: Any) -> Any:
    """Returns a value in which rows of Spark and named tuples are dicts, at every depth: names count, not places."""
    if isinstance(value, Mapping):
        return {name: named(each) for name, each in value.items()}
    if isinstance(value, tuple):
        names = getattr(value, "__fields__", None) or getattr(value, "_fields", None)
        each = tuple(map(named, value))
        return dict(zip(names, each, strict=True)) if names and len(set(names)) == len(names) else each
    return list(map(named, value)) if isinstance(value, list) else value


def to_array(values: list[Any], what: str, known: pa.DataType | None) -> pa.Array:
    """Returns values as an Arrow array.

    Args:
        values: As a test writes them.
        what: What they are, for messages: "rows of `orders`: column `id`".
        known: Their type; if not given, what they are.

    Raises:
        ArgumentError: One of them is none of the type, or has a field that its struct has not.
    """
    import pyarrow as pa

    try:
        if known is None:
            return pa.array(values)
        return pa.array([_as_type(value, known, what) for value in values], type=known)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, ArithmeticError) as error:
        wanted = f" as {known}" if known is not None else ""
        raise ArgumentError(f"{what} can't be read{wanted}: {first_line(error)}") from None


def first_line(error: Exception) -> str:
    """Returns what an error says in one line; its kind if it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def refuse_unknown_fields(given: pa.DataType, known: pa.DataType, what: str) -> None:
    """Refuses fields of structs, at any depth, that the known type does not have.

    Raises:
        ArgumentError: There is one; it is named with the nearest that there is.
    """
    from pyarrow import types

    if types.is_struct(given) and types.is_struct(known):
        names = _field_names(known)
        _refuse_unknown(_field_names(given), names, what)
        for field in given:
            refuse_unknown_fields(field.type, known.field(field.name).type, what)
    elif types.is_map(given) and types.is_map(known):
        refuse_unknown_fields(given.key_type, known.key_type, what)
        refuse_unknown_fields(given.item_type, known.item_type, what)
    elif is_list(given) and is_list(known):
        refuse_unknown_fields(given.value_type, known.value_type, what)


def is_list(kind: pa.DataType) -> bool:
    """Returns whether a type is one of Arrow's lists."""
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _as_type(value: Any, kind: pa.DataType, what: str) -> Any:
    """Returns a value as Arrow takes it for a type: dates, timestamps and decimals may be written as strings."""
    from pyarrow import types

    if value is None:
        return None
    if types.is_nested(kind):
        return _as_nested(value, kind, what)
    if types.is_decimal(kind) and isinstance(value, str | int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if types.is_date(kind):
        return _as_date(value)
    return _as_timestamp(value, kind) if types.is_timestamp(kind) else value


def _as_nested(value: Any, kind: pa.DataType, what: str) -> Any:
    from pyarrow import types

    if types.is_struct(kind):
        return _as_struct(value, kind, what)
    if types.is_map(kind) and isinstance(value, Mapping | list | tuple):
        pairs = value.items() if isinstance(value, Mapping) else value
        return [(_as_type(key, kind.key_type, what), _as_type(item, kind.item_type, what)) for key, item in pairs]
    if is_list(kind) and isinstance(value, list | tuple):
        return [_as_type(each, kind.value_type, what) for each in value]
    return value


def _as_date(value: Any) -> Any:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(value, datetime) and value.timetz() != MIDNIGHT:
        raise ValueError(f"{value} has a time of day")
    return value


def _as_timestamp(value: Any, kind: pa.DataType) -> Any:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(moment, datetime) and moment.tzinfo is not None and kind.tz is None:
        raise ValueError(f"{value} has a time zone, timestamp_ntz has none")
    return moment


def _as_struct(value: Any, kind: pa.DataType, what: str) -> Any:
    names = _field_names(kind)
    if isinstance(value, list):  # of names and values, as Arrow takes it
        value = dict(value)
    if isinstance(value, tuple):
        if len(value) != len(names):
            raise ValueError(f"{value!r} has {len(value)} values, the struct has {', '.join(names)}")
        value = dict(zip(names, value, strict=True))
    if not isinstance(value, Mapping):
        return value
    _refuse_unknown(list(value), names, what)
    for name in names:
        if value.get(name) is None and not kind.field(name).nullable:
            raise ValueError(f"the field `{name}` of {value!r} is NULL, but not null")
    return {name: _as_type(value.get(name), kind.field(name).type, what) for name in names}


def _field_names(kind: pa.DataType) -> list[str]:
    return [kind.field(place).name for place in range(kind.num_fields)]


def _refuse_unknown(given: list[Any], known: list[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise ArgumentError(f"{what}: unknown field `{name}`. {alternatives(str(name), known)}")
