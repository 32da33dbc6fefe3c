"""Arrow values as Python has them, and as text where it has none: Python's calendar ends with the year 9999."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

CYCLE_YEARS, CYCLE_DAYS = 400, 146_097  # after which the calendar repeats
FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31, counted from 1970-01-01
PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def to_python(column: Any) -> list[Any]:
    """Returns the values of an array as `to_pylist` does; a day or a moment that Python has no value for is a text."""
    from pyarrow import ArrowException, ChunkedArray, types

    if types.is_time(column.type):
        return _texts(column)
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, ArrowException):
        if isinstance(column, ChunkedArray):
            return list(chain.from_iterable(map(to_python, column.chunks)))
        if types.is_nested(column.type):
            return _nested(column)
        return _moments(column) if _is_moment(column.type) else _texts(column)
    return values


def has_beyond(array: pa.Array) -> bool:
    """Returns whether there is a day or a moment in an array, or within its values, that Python has no value for."""
    return any(_is_moment(leaf.type) and _beyond(leaf).true_count for leaf in leaves(array))


def leaves(array: pa.Array) -> Iterator[pa.Array]:
    """Yields the arrays that a nested array is made of; the array itself if it is not nested."""
    from pyarrow import types

    kind = array.type
    inner = []
    if types.is_struct(kind):
        inner = [array.field(position) for position in range(kind.num_fields)]
    elif types.is_map(kind):
        inner = [array.keys, array.items]
    elif types.is_nested(kind) and hasattr(array, "flatten"):
        inner = [array.flatten()]
    if not inner:
        yield array
    for child in inner:
        yield from leaves(child)


def format_moment(value: int, kind: pa.DataType) -> str:
    """Returns a day or a moment of any year as ISO 8601 has it; years after 9999 have more digits, others a minus.

    Args:
        value: As Arrow stores it.
        kind: Its Arrow type.
    """
    from pyarrow import types

    if types.is_date32(kind):
        return _format_day(value)
    unit = "ms" if types.is_date64(kind) else kind.unit
    day, rest = divmod(value, PER_DAY[unit])
    if types.is_date64(kind):
        return _format_day(day)
    seconds, part = divmod(rest, PER_DAY[unit] // 86_400)
    digits = len(str(PER_DAY[unit] // 86_400)) - 1
    fraction = f".{part:0{digits}}" if part else ""
    clock = (datetime.min + timedelta(seconds=seconds)).time()
    return f"{_format_day(day)} {clock:%H:%M:%S}{fraction}{'' if kind.tz is None else '+00:00'}"


def _format_day(day: int) -> str:
    cycles, rest = divmod(day - FIRST_DAY, CYCLE_DAYS)
    within = date.fromordinal(rest + 1)
    year = within.year + cycles * CYCLE_YEARS
    return f"{'-' if year < 0 else ''}{abs(year):04}-{within:%m-%d}"


def _is_moment(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_date(kind) or types.is_timestamp(kind))


def _integers(array: pa.Array) -> Any:
    import pyarrow as pa

    return array.cast(pa.int32() if pa.types.is_date32(array.type) else pa.int64())


def _beyond(array: pa.Array) -> Any:
    """Returns for each day or moment whether it is beyond Python's calendar."""
    from pyarrow import compute, types

    kind = array.type
    per_day = 1 if types.is_date32(kind) else PER_DAY["ms" if types.is_date64(kind) else kind.unit]
    first, last = FIRST_DAY * per_day, (LAST_DAY + 1) * per_day
    numbers = _integers(array)
    if per_day == PER_DAY["ns"]:  # whose 64 bits end in 2262
        return compute.and_(numbers.is_valid(), False)
    beyond: Any = compute.or_(compute.less(numbers, first), compute.greater_equal(numbers, last))
    return beyond


def _moments(array: pa.Array) -> list[Any]:
    import pyarrow as pa
    from pyarrow import compute

    numbers = _integers(array).to_pylist()
    beyond = _beyond(array)
    known = compute.if_else(beyond, pa.scalar(None, array.type), array)
    try:
        values: list[Any] = known.to_pylist()
    except (ValueError, OverflowError):  # nanoseconds, without pandas
        return [None if number is None else format_moment(number, array.type) for number in numbers]
    for position, number in enumerate(numbers):
        if number is not None and values[position] is None:
            values[position] = format_moment(number, array.type)
    return values


def _nested(array: Any) -> list[Any]:
    from pyarrow import types

    kind = array.type
    valid = array.is_valid().to_pylist()
    if types.is_struct(kind):
        names = [kind.field(position).name for position in range(kind.num_fields)]
        inner = [to_python(array.field(position)) for position in range(kind.num_fields)]
        rows = [dict(zip(names, values, strict=True)) for values in zip(*inner, strict=True)]
        return [row if known else None for row, known in zip(rows, valid, strict=True)]
    return [_items(array, position) if known else None for position, known in enumerate(valid)]


def _items(array: Any, position: int) -> list[Any]:
    """Returns the values of one list, or the pairs of one map."""
    from pyarrow import types

    if not types.is_map(array.type):
        return to_python(array[position].values)
    pairs = array[position].values
    return list(zip(to_python(pairs.field(0)), to_python(pairs.field(1)), strict=True))


def _texts(array: Any) -> list[Any]:
    """Returns values one by one, and as text those that Python lacks, such as the time 24:00 or one in nanoseconds."""
    return [_value_or_text(scalar) for scalar in array]


def _value_or_text(scalar: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_time(scalar.type) and scalar.value == PER_DAY[scalar.type.unit]:  # Python makes 00:00 of it
        return "24:00:00"
    try:
        return scalar.as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        with suppress(pa.ArrowException):
            return scalar.cast(pa.string()).as_py()
        return str(scalar)
