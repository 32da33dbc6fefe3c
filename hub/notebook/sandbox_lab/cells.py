"""Values as JSON can carry them: what it has no word for becomes a text."""

from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa

LONGEST_TEXT = 1000
EXACT = 2**53  # beyond it a browser's numbers skip some


def cells(column: Any) -> list[Any]:
    """Returns the values of a pyarrow column."""
    try:
        values = column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):  # a year or a nanosecond that Python has no type for
        values = column.cast(pa.string()).to_pylist()
    return [cell(value) for value in values]


def cell(value: Any) -> Any:
    """Returns a value as null, true, false, a number that a browser keeps exactly, or a text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return shortened(text_of(value))


def text_of(value: Any) -> str:
    """Returns a value as text: bytes in hex, what has parts as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        shown = value[: LONGEST_TEXT // 2].hex()
        return f"0x{shown}" + (f"… ({len(value):,} bytes)" if len(value) > LONGEST_TEXT // 2 else "")
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=text_of, ensure_ascii=False)
    return str(value)


def shortened(text: str) -> str:
    """Returns a text that is not too long for a table."""
    return text if len(text) <= LONGEST_TEXT + 50 else f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"
