"""JSON that others have written, read within bounds: whoever may write to a store may write anything there.

The one place for it: the reading API, the runner, the command, the Lab extension and the hub's shelf read through it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from spark_etl.errors import DamagedError

LARGEST = 32 << 20
DEEPEST = 100
# What is counted, weighed as CPython keeps it: an object with one value, a list, a value in one of these.
OBJECT, LIST, VALUE = 220, 90, 70
# A manifest of 100,000 files comes to half as much.
IN_OBJECTS = 128 << 20
# As text in memory: Python gives each of a text's characters as much room as its widest one needs.
IN_MEMORY = 4 * LARGEST
WIDEST = 4
ASTRAL, ASTRAL_BYTES = re.compile("[\U00010000-\U0010ffff]"), re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")
Read = Callable[..., bytes | None]


def parse(
    content: bytes | str,
    what: str,
    *,
    largest: int = LARGEST,
    in_objects: int = IN_OBJECTS,
    in_memory: int = IN_MEMORY,
    finite: bool = True,
) -> Any:
    """Returns what some JSON says.

    Args:
        content: The JSON.
        what: What it is, for the message: a path.
        largest: In bytes.
        in_objects: What its objects, lists and values may take in memory, in bytes; commas in texts count as values.
        in_memory: In bytes, as text.
        finite: Refuse `NaN` and `Infinity`, which are no JSON; notebooks may hold them.

    Raises:
        DamagedError: It is no JSON, or larger, deeper or of more parts than anybody writes.
    """
    if len(content) > largest:
        raise DamagedError(f"{what} has more than {largest >> 20} MB")
    if len(content) * width(content) > in_memory:
        most, widest = in_memory >> 20, in_memory // WIDEST >> 20
        raise DamagedError(f"{what} takes more than {most} MB as text; with emoji in it, {widest} MB are the most")
    if weight(content) > in_objects:
        raise DamagedError(f"{what} has more lists, objects and values than {in_objects >> 20} MB of memory hold")
    refuse = {"parse_float": _finite, "parse_constant": _no_number} if finite else {}
    try:
        found = json.loads(content, **refuse)  # type: ignore[arg-type]
    except RecursionError as error:
        raise DamagedError(f"{what} is nested more than {DEEPEST} levels deep") from error
    except ValueError as error:
        reason = "a number has more than 4,300 digits" if "int_max_str_digits" in str(error) else str(error)[:200]
        raise DamagedError(f"{what} is no JSON that can be read: {reason}") from error
    if _depth_above(found, DEEPEST):
        raise DamagedError(f"{what} is nested more than {DEEPEST} levels deep")
    return found


def read(
    read_bytes: Read, path: str, *, largest: int = LARGEST, in_objects: int = IN_OBJECTS, finite: bool = False
) -> dict[str, Any] | None:
    """Returns the object that a file of JSON holds; None if there is no such file.

    Args:
        read_bytes: `Storage.read` of the store that has it; no more than `largest` is taken from it.
        path: The file.
        largest: In bytes.
        in_objects: See `parse`; so for `finite`: a project's parameters may be `.inf`, and are in its run.json.

    Raises:
        DamagedError: It holds no object, or more than anybody writes.
    """
    content = read_bytes(path, most=largest + 1)
    if content is None:
        return None
    found = parse(content, path, largest=largest, in_objects=in_objects, in_memory=4 * largest, finite=finite)
    if not isinstance(found, dict):
        raise DamagedError(f"{path} holds no object")
    return found


def weight(content: bytes | str) -> int:
    """Returns what the objects of some JSON take in memory, at most, without their texts."""
    marks: Any = (b"{", b"[", b",") if isinstance(content, bytes) else ("{", "[", ",")
    objects, lists, values = (content.count(mark) for mark in marks)
    return OBJECT * objects + LIST * lists + VALUE * values


def width(text: str | bytes) -> int:
    """Returns how many bytes a character of some JSON takes in memory, at most."""
    if isinstance(text, str):
        return 1 if text.isascii() else WIDEST if ASTRAL.search(text) else 2
    if ASTRAL_BYTES.search(text):
        return WIDEST
    return 1 if text.isascii() and b"\\u" not in text else 2


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is no number")
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _depth_above(document: Any, most: int) -> bool:
    level = [document]
    for _ in range(most):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
