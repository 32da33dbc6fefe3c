"""Stored values as people and JSON read them: a moment of any year as ISO 8601, NaN and decimals as texts."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_etl.reading.python_values import PER_DAY, format_moment

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BYTES = 64  # of a binary that are shown
Readable = None | bool | int | float | str | list[Any] | dict[str, Any]


def readable_value(value: Any, kind: pa.DataType) -> Readable:
    """Returns a value that is stored as `StoredRows` gives it.

    Args:
        value: As DuckDB has returned it.
        kind: The Arrow type of its column.
    """
    import pyarrow as pa
    from pyarrow import types

    if value is None:
        return None
    if isinstance(kind, pa.BaseExtensionType):
        return readable_value(value, kind.storage_type)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return readable_value(value, kind.value_type)
    return _nested(value, kind) if types.is_nested(kind) else _leaf(value, kind)


def _nested(value: Any, kind: Any) -> Readable:
    from pyarrow import types

    if types.is_struct(kind):
        return {field.name: readable_value(value[f"f{place}"], field.type) for place, field in enumerate(kind)}
    if not types.is_map(kind):
        return [readable_value(item, kind.value_type) for item in value]
    inner = (("f0", kind.key_type), ("f1", kind.item_type))
    return sorted(([readable_value(pair[part], own) for part, own in inner] for pair in value), key=repr)


def _leaf(value: Any, kind: Any) -> Readable:
    from pyarrow import types

    if isinstance(value, bytes | bytearray | memoryview):
        content = bytes(value)
        is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
        return content.decode("utf-8", "backslashreplace") if is_text else _hexadecimal(content)
    if types.is_date(kind) or types.is_timestamp(kind):
        return format_moment(value, kind)
    if types.is_time(kind) or types.is_duration(kind):
        return _clock(value, kind.unit)
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return f"{value:f}" if isinstance(value, Decimal) else value


def _hexadecimal(content: bytes) -> str:
    more = f"… ({len(content):,} bytes)" if len(content) > MOST_BYTES else ""
    return f"0x{content[:MOST_BYTES].hex()}{more}"


def _clock(value: int, unit: str) -> str:
    """Returns a time of day or a duration as hours, minutes and seconds."""
    per_second = PER_DAY[unit] // 86_400
    seconds, part = divmod(abs(value), per_second)
    fraction = f".{part:0{len(str(per_second)) - 1}}" if part else ""
    return f"{'-' * (value < 0)}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"
