"""Names: the nearest known one, lists of them in messages, quoting for Spark."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MOST_SHOWN = 12
WINDOWS_SIGNS = re.compile(r'[<>:"|?*\\]')
WINDOWS_DEVICE = re.compile(
    r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])[ ]*(\..*)?", re.IGNORECASE | re.DOTALL
)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Returns the known name most like `name`, or None when none is near."""
    by_lower = {candidate.lower(): candidate for candidate in sorted(known)}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def listing(names: Iterable[str]) -> str:
    """Returns the names sorted, joined by commas, and cut after a dozen with the number of those left out."""
    ordered = sorted(names)
    if not ordered:
        return "none"
    shown = ", ".join(ordered[:MOST_SHOWN])
    return shown if len(ordered) <= MOST_SHOWN else f"{shown} and {len(ordered) - MOST_SHOWN} more"


def alternatives(name: str, known: Iterable[str]) -> str:
    """Returns "Did you mean `x`? Known: x, y." as far as it can be said."""
    known = list(known)
    match = nearest(name, known)
    return (f"Did you mean `{match}`? " if match else "") + f"Known: {listing(known)}."


def quoted(column: str) -> str:
    """Returns a column's name so that dots, blanks and quotes in it mean themselves in Spark."""
    return "`" + column.replace("`", "``") + "`"


def is_segment(name: str) -> bool:
    """Returns whether a team or pipeline name may be one segment of a path."""
    return SEGMENT.fullmatch(name) is not None


def refused_by_windows(name: str) -> str | None:
    """Returns why Windows has no file or folder of that name; None if it may have one.

    Args:
        name: One segment of a path, not empty.
    """
    if sign := WINDOWS_SIGNS.search(name):
        return f"no name on Windows has `{sign[0]}` in it"
    if name[-1] in ". ":
        return "no name on Windows ends with a dot or a blank"
    if device := WINDOWS_DEVICE.fullmatch(name):
        return f"`{device[1]}` is a device on Windows, whatever follows it"
    return None


def in_config(setting: str) -> str:
    """Returns where a setting of Spark, such as `spark.executor.memory: 4g`, is written."""
    return f"`{setting}` under `spark:` in the config"
