"""Values as JSON can carry them: what JSON has no type for becomes a text."""

from __future__ import annotations

import json
import math
from typing import Any

from spark_etl.printable import printable
from spark_etl.reading.python_values import to_python

MAX_TEXT = 1000
EXACT = 2**53  # beyond it a browser's numbers skip some


def json_values(column: Any) -> list[Any]:
    """Returns the values of a pyarrow column."""
    return [json_value(value) for value in to_python(column)]


def json_value(value: Any) -> Any:
    """Returns a value as null, true, false, a number that a browser keeps exactly, or a text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return printable(truncate(format_value(value)))


def format_value(value: Any) -> str:
    """Returns a value as text: bytes in hex, what has parts as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        shown = value[: MAX_TEXT // 2].hex()
        return f"0x{shown}" + (f"… ({len(value):,} bytes)" if len(value) > MAX_TEXT // 2 else "")
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=format_value, ensure_ascii=False)
    return str(value)


def truncate(text: str) -> str:
    """Returns a text that is not too long for a table."""
    return text if len(text) <= MAX_TEXT + 50 else f"{text[:MAX_TEXT]}… ({len(text):,} characters)"
