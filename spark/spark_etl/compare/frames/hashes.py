"""What is hashed of a value so that equal ones have one hash, in SQL: the rules by which two values are equal.

1. NULL equals NULL, NaN equals NaN, -0.0 equals 0.0: DuckDB's `hash` is made so.
2. Whole numbers and decimals are equal by value, whatever their size and scale. Where a side has floating-point
   numbers, both are compared as such.
3. Days, moments, times of day and durations are equal by what they are in nanoseconds. A moment without a time zone is
   taken for one in UTC.
4. Texts and binaries are equal by their bytes.
5. Structs are equal by the fields that both have, by name; lists by their values in order; maps by their pairs,
   whatever the order.

`hash` alone is not enough for nested values: to DuckDB, `[]` hashes as NULL does and `[[1], [2]]` as `[[1, 2]]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DIGITS = 38
INTEGER_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}
NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
DAY = 86_400 * NANOSECONDS["s"]


class OtherKindError(Exception):
    """Raised for two types whose values have nothing by which they could be equal, such as a text and a number."""


class UnknownTypeError(Exception):
    """Raised for a type that can't be compared, not even with itself."""


def row_hashes(
    kinds: Sequence[pa.DataType], others: Sequence[pa.DataType], places: Sequence[int] | None = None
) -> tuple[str, str]:
    """Returns the SQL of two hashes of 64 bits of a row, each of all columns, that are independent of each other.

    Args:
        kinds: Arrow types of the columns `c0`, `c1`, ….
        others: Types of the same columns of the other side.
        places: Only of these columns.
    """
    chosen = range(len(kinds)) if places is None else places
    one, other = (
        [key(f"c{place}", kinds[place], others[place], forward=forward) for place in chosen]
        for forward in (True, False)
    )
    return combined_hash(one, forward=True), combined_hash(other, forward=False)


def combined_hash(values: Sequence[str], *, forward: bool) -> str:
    """Returns the SQL of a row's hash from that of its values.

    Args:
        values: Of each column.
        forward: Which of the two hashes it is.
    """
    return f"hash({_hash(values, forward=forward)})"


def key(value: str, own: pa.DataType, other: pa.DataType, *, forward: bool = True, depth: int = 0) -> str:
    """Returns the SQL of what is hashed of a value.

    Args:
        value: SQL of the value.
        own: Its type.
        other: The type that it is compared with.
        forward: Which of the two hashes it is for.
        depth: How many lists it lies in.

    Raises:
        OtherKindError: The two are of different kinds.
        UnknownTypeError: The type can't be compared.
    """
    from pyarrow import types

    own, other = value_type(own), value_type(other)
    if types.is_null(own):
        return "null::integer"
    if types.is_null(other):
        other = own
    if types.is_struct(own) and types.is_struct(other):
        return _struct(value, own, other, forward, depth)
    if types.is_map(own) and types.is_map(other):
        return _map(value, own, other, forward, depth)
    if _is_list(own) and _is_list(other):
        inner = key(_name(depth), own.value_type, other.value_type, forward=forward, depth=depth + 1)
        return _list(value, f"hash({inner})", depth)
    if any(types.is_nested(kind) for kind in (own, other)):
        raise UnknownTypeError(str(own)) if own == other else OtherKindError
    return _leaf(value, own, other, forward)


def _hash(parts: Sequence[str], *, forward: bool) -> str:
    """Returns a hash of several values, which is another one with its first than with its last value first."""
    ordered = ("1", *parts) if forward else ("2", *reversed(parts))
    return f"hash({', '.join(ordered)})"


def _if_known(value: str, hashed: str) -> str:
    return f"(case when {value} is null then null else {hashed} end)"


def _struct(value: str, own: Any, other: Any, forward: bool, depth: int) -> str:
    names = [field.name for field in other]
    shared = sorted((field.name, place) for place, field in enumerate(own) if field.name in names)
    if not shared:
        raise OtherKindError
    parts = [
        key(
            f"struct_extract({value}, 'f{place}')",
            own.field(place).type,
            other.field(names.index(name)).type,
            forward=forward,
            depth=depth,
        )
        for name, place in shared
    ]
    return _if_known(value, _hash(parts, forward=forward))


def _map(value: str, own: Any, other: Any, forward: bool, depth: int) -> str:
    pairs = ((own.key_type, other.key_type, "f0"), (own.item_type, other.item_type, "f1"))
    parts = [
        key(f"struct_extract({_name(depth)}, '{part}')", one, against, forward=forward, depth=depth + 1)
        for one, against, part in pairs
    ]
    return _list(value, _hash(parts, forward=forward), depth, ordered=False)


def _list(value: str, hashed: str, depth: int, *, ordered: bool = True) -> str:
    """Returns a hash of a list from the hashes of its values; its length tells `[0]` from `[0, 0]`."""
    hashes = f"list_transform({value}, lambda {_name(depth)}: {hashed})"
    return _if_known(value, f"hash(len({value}), {hashes if ordered else f'list_sort({hashes})'})")


def _name(depth: int) -> str:
    return f"x{depth}"


def _leaf(value: str, own: Any, other: Any, forward: bool) -> str:
    from pyarrow import types

    if _is_bytes(own) and _is_bytes(other):
        return value if forward else f"('~'::blob || {value})"  # else a pair of texts with one hash has both in common
    if is_number(own) and is_number(other):
        return _number(value, own, other)
    units = [_unit(kind) for kind in (own, other)]
    if units[0] and units[1]:
        (family, length), (other_family, other_length) = units[0], units[1]
        if family != other_family:
            raise OtherKindError
        return value if length == other_length else f"({value}::hugeint * {length})"
    if types.is_boolean(own) and types.is_boolean(other):
        return value
    for kind, unit in zip((own, other), units, strict=True):
        if not (unit or _is_bytes(kind) or is_number(kind) or types.is_boolean(kind)):
            raise UnknownTypeError(str(kind))
    raise OtherKindError


def _number(value: str, own: Any, other: Any) -> str:
    from pyarrow import types

    if own == other and not types.is_decimal(own):
        return value
    if types.is_floating(own) or types.is_floating(other):
        return f"{value}::double"
    if types.is_integer(own) and types.is_integer(other):
        return f"{value}::hugeint" if "uint64" in {str(own), str(other)} else f"{value}::bigint"
    (whole, scale), (other_whole, other_scale) = _digits(own), _digits(other)
    most = max(scale, other_scale)
    if max(whole, other_whole) + most <= MOST_DIGITS:
        return value if own == other else f"{value}::decimal({max(whole, other_whole) + most}, {most})"
    return f"rtrim(rtrim({value}::varchar, '0'), '.')" if scale else f"{value}::varchar"


def _digits(kind: Any) -> tuple[int, int]:
    """Returns how many digits a whole number or a decimal has before and after the point."""
    from pyarrow import types

    return (kind.precision - kind.scale, kind.scale) if types.is_decimal(kind) else (INTEGER_DIGITS[kind.bit_width], 0)


def _unit(kind: Any) -> tuple[str, int] | None:
    """Returns what a whole number of a temporal type counts, and how many nanoseconds one of it is."""
    from pyarrow import types

    if types.is_date(kind):
        return "day", DAY if types.is_date32(kind) else NANOSECONDS["ms"]
    for family, is_one in (("moment", types.is_timestamp), ("time", types.is_time), ("duration", types.is_duration)):
        if is_one(kind):
            return family, NANOSECONDS[kind.unit]
    return None


def value_type(kind: Any) -> Any:
    """Returns a type without how its values are stored."""
    import pyarrow as pa
    from pyarrow import types

    if isinstance(kind, pa.BaseExtensionType):
        return value_type(kind.storage_type)
    return value_type(kind.value_type) if types.is_dictionary(kind) or types.is_run_end_encoded(kind) else kind


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_nested(kind) and hasattr(kind, "value_field") and not types.is_map(kind))


def _is_bytes(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_binary, types.is_large_binary)
    return any(is_one(kind) for is_one in (*tests, types.is_binary_view, types.is_fixed_size_binary))


def is_number(kind: Any) -> bool:
    """Returns whether a type is one of whole numbers, decimals or floating-point numbers that can be compared."""
    from pyarrow import types

    if types.is_decimal(kind):
        return bool(kind.precision <= MOST_DIGITS)
    return bool(types.is_integer(kind) or types.is_floating(kind))
