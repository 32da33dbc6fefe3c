"""What is wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass

from spark_etl.error_text import cut_text
from spark_etl.printable import printable

LONGEST_VALUE = 120


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file.

    Attributes:
        message: File, line, column, value and what was expected, as far as there are such.
        hint: The option or the change that helps.
        is_warning: Whether the file is read all the same: Spark documents what it makes of it.
    """

    message: str
    hint: str | None = None
    is_warning: bool = False


def quoted_piece(text: str) -> str:
    """Returns a piece of a file between quotes; see `shown`."""
    return f"'{shown(text)}'"


def shown(text: str) -> str:
    """Returns a piece of a file as one line, cut, without anything that a terminal obeys."""
    return cut_text(printable(text, one_line=True), LONGEST_VALUE)
