"""What a lesson says, for pages that show Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spark_etl.printable import printable

INDENTED = re.compile(r"\n {2,}(?=\S)")


def as_markdown(lines: Sequence[str]) -> str:
    """Returns the lines as Markdown: the first is bold, and what a terminal shows indented begins a line.

    Args:
        lines: Of a ticket, a hint, a verdict.
    """
    if not lines:
        return ""
    first, *more = printable("\n".join(lines)).split("\n")
    return INDENTED.sub("  \n", "\n".join([f"**{first}**", "", *more]))
