"""Pieces of HTML that a light and a dark page both show, in a notebook that is not trusted too: styles are in place.

Colours are half transparent: the page's own paper and ink stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from spark_etl.printable import printable

RED, GREEN, AMBER = "rgba(248,81,73,.22)", "rgba(46,160,67,.22)", "rgba(227,160,8,.30)"
LEFT = "text-align:left"
TOP = "text-align:left;vertical-align:top"
COLOURS = {"+": GREEN, "-": RED}


def text(value: str) -> str:
    """Returns a text that anybody may have written, for HTML."""
    return escape(printable(value))


def line(value: str) -> str:
    """Returns the same for what is one line."""
    return escape(printable(value, one_line=True))


def paragraph(value: str) -> str:
    """Returns a paragraph; what stands between backticks is set as code."""
    parts = value.split("`")
    if len(parts) % 2 == 0:
        return f"<p>{line(value)}</p>"
    set_parts = (f"<code>{line(part)}</code>" if number % 2 else line(part) for number, part in enumerate(parts))
    return f"<p>{''.join(set_parts)}</p>"


def items(values: Iterable[str]) -> str:
    """Returns a list; empty for none."""
    listed = "".join(f"<li>{line(value)}</li>" for value in values)
    return f"<ul>{listed}</ul>" if listed else ""


def scrolling(content: str) -> str:
    """Returns what scrolls where the page is too narrow for it."""
    return f'<div style="overflow:auto">{content}</div>' if content else ""


def details(summary: str, content: str) -> str:
    """Returns what a click unfolds."""
    return f"<details><summary>{line(summary)}</summary>{content}</details>"


def code_diff(lines: Iterable[str], more: str = "") -> str:
    """Returns lines of a text diff, those of `+` and `-` coloured; the signs stay.

    Args:
        lines: As `diff -u` shows them.
        more: What is said of those left out.
    """
    shown = "\n".join(_code_line(each) for each in lines)
    rest = f"\n… {line(more)}" if more else ""
    return f'<pre style="overflow:auto;padding:6px;border:1px solid rgba(128,128,128,.4)">{shown}{rest}</pre>'


def _code_line(value: str) -> str:
    shown = line(value.expandtabs(4))
    if value.startswith(("+++ ", "--- ", "@@")):
        return f"<b>{shown}</b>"
    colour = COLOURS.get(value[:1])
    return f'<span style="background-color:{colour}">{shown}</span>' if colour else shown


def cell(value: str, *, mark: str = "", right: bool = False) -> str:
    """Returns a cell of a table.

    Args:
        value: Its text.
        mark: The colour behind one that differs; it is bold then, too.
        right: Whether it stands to the right, as a number does.
    """
    style = ("text-align:right;vertical-align:top" if right else TOP) + (f";background-color:{mark}" if mark else "")
    shown = line(value)
    return f'<td style="{style}">{f"<b>{shown}</b>" if mark else shown}</td>'


def table(columns: Iterable[str], rows: Iterable[str], caption: str = "") -> str:
    """Returns a table that scrolls.

    Args:
        columns: Their names.
        rows: The cells of each, as HTML.
        caption: Above it.
    """
    head = "".join(f'<th scope="col" style="{TOP}">{line(column)}</th>' for column in columns)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    title = f'<caption style="{LEFT};white-space:nowrap">{line(caption)}</caption>' if caption else ""
    return scrolling(f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
