"""Whether the text of a folder `name=value` is a value of the type that a schema declares."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

PIECE = re.compile(r"`(?:[^`]|``)*`|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[(<]|[)>]|,|[^`'\"(<)>,]+")
COLUMN = re.compile(r"\s*(?:`(?P<quoted>(?:[^`]|``)+)`|(?P<plain>[^\s:`]+))\s*:?\s*(?P<type>\w+(?:\s*\([^)]*\))?)")
INTEGERS = {"tinyint": 7, "byte": 7, "smallint": 15, "short": 15, "int": 31, "integer": 31, "bigint": 63, "long": 63}
DECIMAL = re.compile(r"(?:decimal|dec|numeric)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?")
TRUTHS = {"true", "false", "t", "f", "yes", "no", "y", "n", "1", "0"}
DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
MOMENT = re.compile(r"(?P<day>\d{4}-\d{1,2}-\d{1,2})(?:[ T]\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,6})?)?)?(?P<zone>.*)")
ZONE = re.compile(r"\s*(?:Z|UTC|[+-]\d{1,2}(?::\d{2})?)?")


def declared_types(schema: str | None) -> dict[str, str]:
    """Returns the columns of a schema as in `CREATE TABLE`, with their types; of nested ones, only the beginning.

    What is no such schema has none here: Spark says what is wrong with it.
    """
    matches = [COLUMN.match(column) for column in _columns(schema or "")]
    found = [match for match in matches if match]
    names = [(match["quoted"] or match["plain"]).replace("``", "`") for match in found]
    return {name: match["type"].lower() for name, match in zip(names, found, strict=True)}


def _columns(schema: str) -> list[str]:
    columns, depth = [""], 0
    for piece in PIECE.findall(schema):
        depth += (piece in "(<") - (piece in ")>")
        if piece == "," and not depth:
            columns.append("")
        else:
            columns[-1] += piece
    return columns


def does_fit(value: str, kind: str) -> bool:
    """Returns whether a text is a value of a type, without rounding; of a type that is unknown here, True."""
    if kind in INTEGERS:
        return re.fullmatch(r"[+-]?[0-9]+", value) is not None and _is_within(int(value), INTEGERS[kind])
    if match := DECIMAL.fullmatch(kind):
        return _is_decimal(value, int(match[1] or 10), int(match[2] or 0))
    check = KINDS.get(kind)
    return check is None or check(value)


def _is_within(number: int, bits: int) -> bool:
    limit = 1 << bits
    return -limit <= number < limit


def _is_decimal(value: str, precision: int, scale: int) -> bool:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return False
    if not number.is_finite() or not value.isascii() or "_" in value:
        return False
    scaled = number.scaleb(scale)
    return bool(scaled == scaled.to_integral_value() and abs(scaled) < Decimal(10) ** precision)


def _is_float(value: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    named = value.lower().lstrip("+-") in {"nan", "inf", "infinity"}
    return "_" not in value and value.isascii() and (math.isfinite(number) or named)


def _is_day(value: str) -> bool:
    return DAY.fullmatch(value) is not None and _exists(value)


def _exists(day: str) -> bool:
    try:
        return bool(date(*map(int, day.split("-"))))
    except ValueError:
        return False


def _is_moment(value: str) -> bool:
    match = MOMENT.fullmatch(value)
    if match is None or not _exists(match["day"]) or not ZONE.fullmatch(match["zone"]):
        return False
    time = re.findall(r"\d+", value[match.end("day") : match.start("zone")])[:3]
    return all(int(part) <= most for part, most in zip(time, (23, 59, 59), strict=False))


KINDS: dict[str, Callable[[str], bool]] = {
    "boolean": lambda value: value.lower() in TRUTHS,
    "date": _is_day,
    "timestamp": _is_moment,
    "timestamp_ltz": _is_moment,
    "timestamp_ntz": _is_moment,
    "float": _is_float,
    "real": _is_float,
    "double": _is_float,
}
