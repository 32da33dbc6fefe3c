"""Values of text files that Spark takes for others, without a word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from spark_etl.sources.faults.fault import Fault, quoted_piece, shown
from spark_etl.sources.faults.values import Column, decimal_sizes, points_of


class Change(NamedTuple):
    """What Spark takes for another value in a column.

    Attributes:
        column: The column.
        pattern: What such texts are, from their beginning to their end.
        probe: What a file has in it that has such a text.
        what: What Spark makes of them, with `{}` for the text.
        hint: What helps.
        is_warning: Whether they are read all the same.
    """

    column: Column
    pattern: re.Pattern[str]
    probe: re.Pattern[str]
    what: str
    hint: str
    is_warning: bool

    def fault(self, where: str, text: str) -> Fault:
        """Returns the fault of a text in a file and line."""
        what = self.what.format(quoted_piece(text))
        return Fault(f"{where}, column `{shown(self.column.name)}`: {what}", self.hint, self.is_warning)


def changes_of(column: Column, options: Mapping[str, Any]) -> list[Change]:
    """Returns what Spark takes for another value in a column.

    Args:
        column: The column.
        options: Those of Spark's reader, their names in small letters.
    """
    name = column.name
    if column.kind in {"timestamp", "timestamp_ntz"}:
        pattern = re.compile(r"[\d T:-]+\.\d{6}\d*[1-9]\d*\D*")
        probe, what = re.compile(r"\.\d{7}"), "Spark cuts {} to microseconds"
        return [Change(column, pattern, probe, what, f"type `{name}` as string to keep them", is_warning=True)]
    between, point = points_of(options)
    if column.kind != "decimal" or not point:
        return []
    grouped = rf"\d{{1,3}}(\{between}\d{{2,3}})*\{between}\d{{3}}(\{point}\d*)?"
    wrong = re.compile(rf"[+-]?(?=.*\{between})(?!{grouped}$)[\d{between}{point}]*")
    what = f"{{}} is no {column.text}: `{between}` is only between thousands, and Spark would drop it"
    other = f'options={{"locale": "{"de-DE" if point == "." else "en-US"}"}} reads `{between}` as the point'
    _, scale = decimal_sizes(column)
    longer = re.compile(rf"[+-]?[\d{between}]*\{point}\d{{{scale}}}\d*[1-9]\d*")
    probe = re.compile(rf"\{point}\d{{{scale + 1}}}")
    more = f"give `{name}` more digits after its point"
    return [
        Change(column, wrong, _grouping(between, point, options), what, other, is_warning=False),
        Change(column, longer, probe, f"Spark rounds {{}} to {column.text}", more, is_warning=True),
    ]


def _grouping(between: str, point: str, options: Mapping[str, Any]) -> re.Pattern[str]:
    """Returns what a file has in it with such groups: between quotes, where the sign is also between columns."""
    is_separator = str(options.get("sep", options.get("delimiter", ","))) == between
    return re.compile(rf"[\"'][+-]?[\d{point}]*\{between}" if is_separator else rf"\{between}\d")
