"""Lines for a terminal: its width, line breaks between words, and a little colour."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from typing import TextIO

COLUMNS = "SPARK_ETL_TERMINAL_COLUMNS"
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
NARROWEST = 20
RESET = "\x1b[0m"
BOLD_RED, RED, GREEN, YELLOW, DIM = "\x1b[1;31m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m"
STYLES = (
    (re.compile(r"^error:"), BOLD_RED),
    (re.compile(r"^warning:|^interrupted\b"), YELLOW),
    (re.compile(r"^failed(?= after )"), RED),
    (re.compile(r"^(succeeded(?= after )|published\b)"), GREEN),
    (re.compile(r"^(  next:|\[ *\d+/\d+\]|Spark: .*)"), DIM),
)


def terminal_columns(stream: TextIO) -> int | None:
    """Returns the width of the terminal that a stream is, or ends in; None without one.

    A driver's stderr is a pipe: whoever reads it says by `SPARK_ETL_TERMINAL_COLUMNS` that it goes to a terminal.
    """
    given = os.environ.get(COLUMNS, "")
    if given.isdecimal() and int(given):
        return max(int(given), NARROWEST)
    if not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return None
    return max(shutil.get_terminal_size().columns, NARROWEST)


def is_handed_over() -> bool:
    """Returns whether this process writes to the terminal of another one, on which a live line may be."""
    return bool(os.environ.get(COLUMNS))


def for_terminal(text: str, columns: int) -> str:
    """Returns lines that are broken between words, coloured unless `NO_COLOR` is set; code and commands keep theirs."""
    lines = [part for line in text.split("\n") for part in _wrapped(line, columns)]
    return "\n".join(lines if os.environ.get("NO_COLOR") else map(_styled, lines))


def spinner(step: int) -> str:
    """Returns the sign that turns, at a step."""
    return SPINNER[step % len(SPINNER)]


def _wrapped(line: str, columns: int) -> list[str]:
    if len(line) <= columns or line.startswith(" "):
        return [line]
    return textwrap.wrap(line, columns, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _styled(line: str) -> str:
    for pattern, style in STYLES:
        match = pattern.match(line)
        if match:
            return f"{style}{match[0]}{RESET}{line[match.end() :]}"
    return line
