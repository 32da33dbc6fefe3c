"""How the rows of a CSV file are written, by the options of Spark's reader."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from spark_etl.sources.faults.content import is_enabled, lines_of


class Row(NamedTuple):
    """A row of the file: the number of its first line, the line itself, and its values."""

    number: int
    line: str
    values: list[str]


class Dialect(NamedTuple):
    """How rows are written, by the options of Spark's reader."""

    separator: str
    quote: str | None
    escape: str | None
    comment: str | None
    multi_line: bool
    trims: bool
    null: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Dialect:
        """Returns the dialect of options whose names are in small letters."""
        separator = str(options.get("sep", options.get("delimiter", ","))).replace("\\t", "\t")
        escape = str(options.get("escape", "\\"))
        trims = is_enabled(options, "ignoreLeadingWhiteSpace") and is_enabled(options, "ignoreTrailingWhiteSpace")
        return cls(
            separator,
            str(options.get("quote", '"')) or None,
            None if escape in {"", '"'} else escape,
            options.get("comment"),
            is_enabled(options, "multiLine"),
            trims,
            str(options.get("nullvalue", "")),
            options,
        )

    def rows(self, text: str) -> Iterator[Row]:
        """Yields the rows that are no comment and not blank."""
        for number, line, values in self._whole_rows(text) if self.multi_line else self._line_rows(text):
            if values and not (self.comment and line.startswith(self.comment)):
                yield Row(number, line, [value.strip() for value in values] if self.trims else values)

    def lines(self, text: str) -> Iterator[tuple[int, str]]:
        """Yields number and text of the lines that are no comment and not blank."""
        for number, line in enumerate(lines_of(text), start=1):
            if line.strip() and not (self.comment and line.startswith(self.comment)):
                yield number, line

    def quoted_values(self, text: str) -> Iterator[re.Match[str]]:
        """Yields the quoted values: `inner` is between the quotes; `end` is None where a value does not end so."""
        if self.quote and self.quote in text:
            pattern = _quoted_value(self[:6])
            yield from (match for match in pattern.finditer(text) if match["inner"] is not None)

    def is_open(self, value: re.Match[str]) -> bool:
        """Returns whether a quoted value is not over where its line is, or with `multi_line` its file."""
        rest = value.string[value.end() : value.end() + 1]
        return value["end"] is None and (not rest or (not self.multi_line and rest in "\r\n"))

    def has_doubled_quote(self, inner: str) -> bool:
        """Returns whether `""` within a quoted value stands for a quote, which Spark takes only as an escape."""
        if not self.escape or not self.quote or 2 * self.quote not in inner:
            return False
        return 2 * self.quote in re.sub(f"{re.escape(self.escape)}.", "", inner, flags=re.DOTALL)

    def leaves_open(self, line: str) -> bool:
        """Returns whether a line ends within a quoted value."""
        return any(map(self.is_open, self.quoted_values(line)))

    def _line_rows(self, text: str) -> Iterator[tuple[int, str, list[str]]]:
        for number, line in enumerate(lines_of(text), start=1):
            if line.strip():
                is_plain = not (self.quote and self.quote in line) and not (self.escape and self.escape in line)
                yield number, line, line.split(self.separator) if is_plain else next(self._reader([line]), [])

    def _whole_rows(self, text: str) -> Iterator[tuple[int, str, list[str]]]:
        reader, before = self._reader(io.StringIO(text, newline="")), 0
        for values in reader:
            yield before + 1, self.separator.join(values), values
            before = reader.line_num

    def _reader(self, lines: Any) -> Any:
        return csv.reader(
            lines,
            delimiter=self.separator,
            quotechar=self.quote,
            escapechar=self.escape,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
        )


@lru_cache(maxsize=8)
def _quoted_value(dialect: tuple[Any, ...]) -> re.Pattern[str]:
    """Returns the pattern of a quoted value, without going back within it: it may be as long as the file."""
    separator, quote, escape, comment, multi_line, trims = dialect
    mark, between, line_ends = re.escape(quote), re.escape(separator), "" if multi_line else "\r\n"
    one = f"[^{line_ends}]" if line_ends else "."
    escaped = f"|{re.escape(escape)}{one}?" if escape else ""
    others = f"[^{mark}{re.escape(escape or quote)}{line_ends}]*+"
    inner = f"(?P<inner>{others}(?:(?:{mark}{mark}{escaped}){others})*+)"
    end = rf"(?P<end>{mark}(?=[ ]*(?:{between}|[\r\n]|\Z)))?"
    passed = rf"^{re.escape(comment)}[^\r\n]*+|" if comment else ""
    before = rf"(?:^|(?<=\r)|{between}){'[ ]*' if trims else ''}"
    return re.compile(f"{passed}{before}{mark}{inner}{end}", re.MULTILINE | re.DOTALL)
