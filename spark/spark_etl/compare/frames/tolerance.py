"""By how much two numbers may differ and still count as equal: an absolute tolerance, of numeric columns.

1. Whole numbers and decimals are subtracted exactly. Where a side has floating-point numbers, both are taken as such.
2. NaN equals NaN, an infinity equals itself alone, NULL equals NULL. Keys have no tolerance.
3. Nested values are compared exactly.
4. Rows that no key tells apart - there is none, or several rows share it - are paired where all their other columns
   are equal: first rows that are the same, then the others in the order of their numbers. Each pair has to be within
   the tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

from spark_etl.compare.frames.hashes import INTEGER_DIGITS, MOST_DIGITS, is_number, value_type
from spark_etl.compare.frames.sides import Sides
from spark_etl.errors import ArgumentError


def checked_tolerance(tolerance: Any) -> float | None:
    """Returns a tolerance as a number.

    Raises:
        ArgumentError: It is negative, or no finite number.
    """
    if tolerance is None:
        return None
    try:
        value = math.nan if isinstance(tolerance, bool) else float(tolerance)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ArgumentError(f"the tolerance {tolerance!r} is no number of 0 or more", hint="such as --tolerance 0.01")
    return value


def tolerant_places(sides: Sides, keys: Sequence[str]) -> list[int]:
    """Returns the places of the columns that have a tolerance: numbers, but keys."""
    return [
        place
        for place, name in enumerate(sides.columns)
        if name not in keys and is_number(_kind(sides.kinds_a, place)) and is_number(_kind(sides.kinds_b, place))
    ]


def has_nested_numbers(sides: Sides) -> bool:
    """Returns whether a column has numbers within lists, structs or maps."""
    return any(_has_number(kind) for kind in sides.kinds_a if _is_nested(value_type(kind)))


def is_within(sides: Sides, place: int, one: str, other: str, tolerance: float) -> str:
    """Returns the SQL of whether two numbers differ by no more than the tolerance; NULL if one is NULL.

    Args:
        sides: What is compared.
        place: The column's.
        one: SQL of the value in A.
        other: SQL of the value in B.
        tolerance: The tolerance.
    """
    from pyarrow import types

    kinds = _kind(sides.kinds_a, place), _kind(sides.kinds_b, place)
    if any(map(types.is_floating, kinds)):
        return f"abs({one}::double - {other}::double) <= {tolerance!r}::double"
    digits = [_digits(kind) for kind in kinds]
    scale = max(after for _, after in digits)
    if not scale:
        return f"abs(try({one}::hugeint - {other}::hugeint)) <= {_floor(tolerance, 0)}"
    whole = min(max(before for before, _ in digits) + 1, MOST_DIGITS - scale)
    kind = f"decimal({whole + scale}, {scale})"
    limit = _floor(tolerance, scale)
    if limit >= Decimal(10) ** whole:
        return f"try({one}::{kind} - {other}::{kind}) is not null"
    return f"abs(try({one}::{kind} - {other}::{kind})) <= {limit:f}::{kind}"


def _floor(tolerance: float, scale: int) -> Decimal:
    """Returns the tolerance with as many digits as the differences have: those are multiples of it."""
    with localcontext() as context:
        context.prec = 400
        floor = Decimal(repr(tolerance)).quantize(Decimal(1).scaleb(-scale), rounding=ROUND_FLOOR)
        return min(floor, Decimal(10) ** MOST_DIGITS - 1)


def _kind(kinds: Sequence[Any], place: int) -> Any:
    return value_type(kinds[place])


def _digits(kind: Any) -> tuple[int, int]:
    from pyarrow import types

    return (kind.precision - kind.scale, kind.scale) if types.is_decimal(kind) else (INTEGER_DIGITS[kind.bit_width], 0)


def _is_nested(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_nested(kind))


def _has_number(kind: Any) -> bool:
    kind = value_type(kind)
    if not _is_nested(kind):
        return is_number(kind)
    return any(_has_number(kind.field(place).type) for place in range(kind.num_fields))
