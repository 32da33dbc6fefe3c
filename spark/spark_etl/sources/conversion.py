"""Makes values of what Spark reads of types that it lacks: by expressions, so that the executors do it row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spark_etl.schemas.foreign import EXACT, Conversion, foreign, foreign_leaves, target_of
from spark_etl.schemas.types import Type, fields_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

NANOS = {"ms": 1_000_000, "us": 1_000, "ns": 1}
DIGITS = {"ms": 3, "us": 6, "ns": 9}
HEX, COMPLEMENT = "0123456789ABCDEF", "FEDCBA9876543210"


class Converter:
    """Converts the columns of some files.

    Args:
        conversion: What is asked for.
        frame: The files, as they are; a message names the file of a row.
    """

    def __init__(self, conversion: Conversion, frame: DataFrame) -> None:
        self._conversion = conversion
        self._frame = frame

    def column(self, name: str, column: Column, kind: Type) -> Column:
        """Returns a column, converted if its type is foreign and this is asked for."""
        way = self._conversion.way(name)
        if way is None or not any(foreign_leaves("", kind)):
            return column
        return self._converted(column, kind, way, name)

    def _converted(self, column: Column, kind: Type, way: str, name: str) -> Column:
        from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it

        if not any(foreign_leaves("", kind)):
            return column

        def inner(child: str) -> Callable[[Column], Column]:
            assert not isinstance(kind, str)  # noqa: S101 - for the type checker
            return lambda value: self._converted(value, kind[child], way, name)

        if isinstance(kind, str):
            target = target_of(kind, way)
            return column if target is None else self._leaf(column, kind, way, name).cast(_sql(target))
        if kind["type"] == "array":
            return F.transform(column, inner("elementType"))
        if kind["type"] == "map":
            values = F.transform_values(column, lambda _, value: inner("valueType")(value))
            return F.transform_keys(values, lambda key, _: inner("keyType")(key))
        fields = [self._converted(column[field], own, way, name).alias(field) for field, own in fields_of(kind).items()]
        return F.when(column.isNotNull(), F.struct(*fields))

    def _leaf(self, column: Column, kind: str, way: str, name: str) -> Column:
        known = foreign(kind)
        if known is None:
            return column

        def refuse(value: Column, problem: str) -> Column:
            return self._refuse(name, value, problem.replace("COLUMN", repr(name)))

        made: Column = MAKERS[known.kind](column, kind, way, refuse)
        return made

    def _refuse(self, name: str, value: Column, problem: str) -> Column:
        from pyspark.sql import functions as F  # noqa: N812

        file = self._frame.metadataColumn("_metadata")["file_path"]
        return F.raise_error(F.concat(F.lit(f"column `{name}` of "), file, F.lit(": "), value, F.lit(f" {problem}")))


Refuse = Callable[["Column", str], "Column"]


def _sql(target: str) -> str:
    return {"long": "bigint"}.get(target, target)


def _div(column: Any, number: int) -> Column:
    """Returns the whole part of a quotient, rounded down."""
    from pyspark.sql import functions as F  # noqa: N812

    return F.call_function("div", column, F.lit(number)) - (column % number < 0).cast("int")


def _timestamp(column: Column, kind: str, way: str, refuse: Refuse) -> Column:
    from pyspark.sql import functions as F  # noqa: N812

    if way == "bigint":
        return column
    zone = "tz=" in kind
    moment = _moment(_div(column, 1000), zone=zone)
    if way != EXACT:
        return moment
    second = _moment(_div(column, 1_000_000_000) * 1_000_000, zone=zone).cast("string")
    digits = F.lpad(F.pmod(column, F.lit(1_000_000_000)).cast("string"), 9, "0")
    problem = "has digits beyond microseconds: convert={COLUMN: 'truncate'} cuts them, 'bigint' keeps them"
    return F.when(column % 1000 != 0, refuse(F.concat_ws(".", second, digits), problem)).otherwise(moment)


def _moment(micros: Column, *, zone: bool) -> Column:
    from pyspark.sql import functions as F  # noqa: N812

    if zone:
        return F.timestamp_micros(micros)
    return F.timestamp_add("MICROSECOND", micros, F.lit("1970-01-01").cast("timestamp_ntz"))


def _time(column: Column, kind: str, way: str, refuse: Refuse) -> Column:  # noqa: ARG001 - of those that refuse
    from pyspark.sql import functions as F  # noqa: N812

    unit = kind[kind.index("[") + 1 : -1]
    if way == "bigint":
        return column.cast("bigint") * NANOS[unit]
    ticks = 1_000_000_000 // NANOS[unit]
    seconds = _div(column, ticks)
    parts = [_div(seconds, 3600), _div(seconds, 60) % 60, seconds % 60, column % ticks]
    return F.when(column.isNotNull(), F.format_string(f"%02d:%02d:%02d.%0{DIGITS[unit]}d", *parts))


def _half(column: Column, kind: str, way: str, refuse: Refuse) -> Column:  # noqa: ARG001
    from pyspark.sql import functions as F  # noqa: N812

    swapped = F.conv(F.hex(column), 16, 10).cast("int")  # the first of the two bytes is the lower one
    bits = swapped.bitwiseAND(255) * 256 + F.shiftright(swapped, 8)
    exponent, fraction = F.shiftright(bits, 10).bitwiseAND(31), bits.bitwiseAND(1023)
    special = F.when(fraction == 0, F.lit(float("inf"))).otherwise(F.lit(float("nan")))
    small = fraction * F.lit(2.0**-24)
    usual = (fraction + 1024) * F.pow(F.lit(2.0), exponent - 25)
    size = F.when(exponent == 31, special).when(exponent == 0, small).otherwise(usual)
    return F.when(column.isNotNull(), F.when(bits >= 1 << 15, -size).otherwise(size))


def _uuid(column: Column, kind: str, way: str, refuse: Refuse) -> Column:  # noqa: ARG001
    from pyspark.sql import functions as F  # noqa: N812

    if way == "binary":
        return column
    text = F.lower(F.hex(column))
    starts = {1: 8, 9: 4, 13: 4, 17: 4, 21: 12}
    return F.when(column.isNotNull(), F.concat_ws("-", *(F.substring(text, at, n) for at, n in starts.items())))


def _decimal(column: Column, kind: str, way: str, refuse: Refuse) -> Column:
    """Returns the number of up to 32 bytes, the first the highest, in two's complement.

    A negative one is -1 - x, where x has all bits turned.
    """
    from pyspark.sql import functions as F  # noqa: N812

    scale = int(kind[kind.index(",") + 1 : -1])
    content = F.hex(column)
    negative = F.substring(content, 1, 1) >= "8"
    padded = F.lpad(F.when(negative, F.translate(content, HEX, COMPLEMENT)).otherwise(content), 64, "0")
    words = [F.conv(F.substring(padded, 1 + 16 * number, 16), 16, 10) for number in range(4)]
    near = sum((word.cast("double") * F.lit(2.0 ** (64 * (3 - at))) for at, word in enumerate(words)), F.lit(0.0))
    near = F.when(negative, -1 - near).otherwise(near) / F.lit(10.0**scale)
    if way != EXACT:
        return near
    high, low = (word.cast("decimal(20,0)") for word in words[2:])
    size = F.try_add(F.try_multiply(high, F.lit(str(1 << 64)).cast("decimal(20,0)")), low)
    size = F.when(F.substring(padded, 1, 32) == "0" * 32, F.try_add(size, negative.cast("decimal(1,0)")))
    text = F.concat(F.when(negative, "-").otherwise(""), _with_point(size.cast("string"), scale))
    problem = f"does not fit decimal(38,{scale}): convert={{COLUMN: 'double'}} reads it approximately"
    too_large = refuse(F.format_string("about %.3e", near), problem)
    return F.when(column.isNotNull() & size.isNull(), too_large).otherwise(text.cast(f"decimal(38,{scale})"))


def _with_point(digits: Column, scale: int) -> Column:
    from pyspark.sql import functions as F  # noqa: N812

    padded = F.concat(F.lit("0" * (scale + 1)), digits)
    whole = F.left(padded, F.length(padded) - scale)
    return F.concat(whole, F.lit("."), F.right(padded, F.lit(scale))) if scale else whole


MAKERS: Mapping[str, Any] = {"timestamp": _timestamp, "time": _time, "half": _half, "uuid": _uuid, "decimal": _decimal}
