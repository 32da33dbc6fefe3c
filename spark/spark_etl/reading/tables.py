"""Small tables: aligned text for a terminal, plain HTML for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from spark_etl.printable import printable

NUMERIC = set("0123456789,.")


def text_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns the rows under their columns, numbers to the right."""
    table = [[printable(cell, one_line=True) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[position]) for row in table) for position in range(len(columns))]
    lines = [
        "  ".join(
            cell.rjust(width) if row is not table[0] and is_number(cell) else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in table
    ]
    return "\n".join(lines)


def html_table(columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Returns an HTML table in the notebook's own style."""
    head = "".join(f'<th style="text-align:left">{escape(printable(column))}</th>' for column in columns)
    body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    title = (
        f'<caption style="text-align:left;white-space:nowrap">{escape(printable(caption))}</caption>' if caption else ""
    )
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def is_number(cell: str) -> bool:
    """Returns whether a cell is to be aligned to the right."""
    return bool(cell) and set(cell.split(" ", 1)[0]) <= NUMERIC


def _cell(cell: str) -> str:
    return f'<td style="text-align:{"right" if is_number(cell) else "left"}">{escape(printable(cell))}</td>'
