"""Lines of a text, indented and folded to the width of a terminal; what others wrote is shown, never obeyed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from spark_etl.printable import printable

NARROWEST = 30
TAB = 4


def fold(text: str, width: int | None, *, indent: int = 0, hanging: int = 2) -> list[str]:
    """Returns a sentence as lines.

    Args:
        text: One line.
        width: Of the terminal; None: it stays one line.
        indent: Blanks before the first line.
        hanging: More blanks before the others.
    """
    shown = printable(text, one_line=True)
    if width is None or indent + len(shown) <= width:
        return [f"{' ' * indent}{shown}".rstrip()]
    first, others = " " * indent, " " * (indent + hanging)
    room = max(width, NARROWEST)
    return textwrap.wrap(shown, room, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def fold_all(texts: Iterable[str], width: int | None, *, indent: int = 0, hanging: int = 2) -> Iterator[str]:
    """Yields the lines of several sentences."""
    for text in texts:
        yield from fold(text, width, indent=indent, hanging=hanging)


def fold_code(text: str, width: int | None, *, indent: int) -> list[str]:
    """Returns a line of code as lines of that width, each blank as it is."""
    shown = printable(text.expandtabs(TAB), one_line=True)
    room = max(len(shown), 1) if width is None else max(width, NARROWEST) - indent
    return [" " * indent + shown[start : start + room] for start in range(0, max(len(shown), 1), room)]


def listing(names: Iterable[str], most: int = 5) -> str:
    """Returns names as a sentence has them: `a`, `b` and `c`; of many the first."""
    shown = [f"`{name}`" for name in names]
    if len(shown) > most:
        return f"{', '.join(shown[:most])} and {len(shown) - most:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
