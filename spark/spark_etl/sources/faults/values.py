"""Whether a text of a CSV file, or a value of a JSON document, is one of a column's type, as Spark's readers see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

INTEGER_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
ALIASES = {
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
    "real": "float",
    "dec": "decimal",
    "numeric": "decimal",
}
WHOLE = re.compile(r"[+-]?\d+")
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
NUMBER = re.compile(rf"(?:{DECIMAL.pattern})[dDfF]?|[+-]?(NaN|Infinity)", re.ASCII)
INFINITY = {"Inf", "-Inf"}
BLANKS = "".join(map(chr, range(33)))  # what Java cuts off around a double and Spark around a date
NO_VALUES = {"NULL", "null", "NA", "N/A", "n/a", "None", "nan", "-", "\\N", "?", "#N/A"}
DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})")
ISO_DATE = re.compile(r"[+-]?(\d{4}(-\d{1,2}){0,2})|[+-]?(\d{4}-\d{1,2}-\d{1,2})[T ].*", re.DOTALL)
TIME = r"([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d*)?)?"
ISO_TIME = re.compile(rf"{TIME}(?P<zone> ?[A-Za-z+-].*)?")
ISO_MOMENT = re.compile(rf"\d{{4}}(-\d{{1,2}}(-\d{{1,2}}([T ]{TIME}(?P<zone> ?[A-Z+-].*)?)?)?)?")
# Language and country → what is between thousands, and the point; of others values are not looked at.
POINTS = {"en-us": (",", "."), "en-gb": (",", ".")} | dict.fromkeys(
    ("de-de", "nl-nl", "it-it", "es-es", "pt-br", "tr-tr", "da-dk", "id-id"), (".", ",")
)
DATE_OPTIONS = {"date": "dateFormat", "timestamp": "timestampFormat", "timestamp_ntz": "timestampNTZFormat"}
COLUMN = re.compile(r"\s*(`(?:[^`]|``)+`|[^\s:]+)\s*:?\s*(.+)", re.DOTALL)


class Column(NamedTuple):
    """A column of a schema as in `CREATE TABLE`: `kind` is its type's first word, in small letters."""

    name: str
    kind: str
    text: str


def parse_columns(schema: str) -> list[Column]:
    """Returns the columns of a schema as in `CREATE TABLE`; none if it is not understood."""
    columns = []
    for part in _split_outside_brackets(schema):
        match = COLUMN.fullmatch(part)
        if match is None:
            return []
        name = match[1][1:-1].replace("``", "`") if match[1].startswith("`") else match[1]
        text = re.split(r"\s+(?:NOT\s+NULL|COMMENT|DEFAULT)\b", match[2].strip(), flags=re.IGNORECASE)[0].lower()
        word = re.match(r"\w*", text)
        kind = word[0] if word else ""
        columns.append(Column(name, ALIASES.get(kind, kind), text))
    return columns


def _split_outside_brackets(text: str) -> list[str]:
    """Returns the parts between commas that are in no brackets, no quotes and no comment."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote or letter in "`'\"":
            quote = ("" if letter == quote else quote) if quote else letter
        else:
            depth += (letter in "<(") - (letter in ">)")
        if letter == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def fits(text: str, column: Column, options: Mapping[str, Any]) -> bool:
    """Returns whether a text is a value of a column; True where that is not known here."""
    kind = column.kind
    if kind in INTEGER_BITS:
        return WHOLE.fullmatch(text) is not None and fits_integer(int(text), kind)
    if kind in {"float", "double"}:
        return NUMBER.fullmatch(text.strip(BLANKS)) is not None or text in INFINITY
    if kind == "decimal":
        return _is_decimal(text, column, options)
    if kind == "boolean":
        return text.lower() in {"true", "false"}
    return kind not in DATE_OPTIONS or _is_moment(text, kind, options.get(DATE_OPTIONS[kind].lower()))


def _is_moment(text: str, kind: str, pattern: Any) -> bool:
    if pattern is not None:
        return fits_pattern(text, str(pattern))
    text = text.strip(BLANKS)
    if kind == "date":
        return _is_date(text)
    day, _, time = text.replace("T", " ", 1).partition(" ")
    match = ISO_TIME.fullmatch(time or text)
    if kind == "timestamp_ntz" and match is not None and match["zone"]:
        return False
    return (_is_date(day) and (not time or match is not None)) or (not time and match is not None)


def fits_integer(value: int, kind: str) -> bool:
    """Returns whether a number is in the range of an integer type."""
    half = 1 << (INTEGER_BITS[kind] - 1)
    return -half <= value < half


def _is_decimal(text: str, column: Column, options: Mapping[str, Any]) -> bool:
    between, point = points_of(options)
    if not point:
        return True
    number = text.replace(between, "").replace(point, ".")
    if not DECIMAL.fullmatch(number):  # Decimal() itself takes blanks and `_` too
        return False
    precision, scale = decimal_sizes(column)
    return abs(Decimal(number)) < Decimal(10) ** (precision - scale)


def decimal_sizes(column: Column) -> tuple[int, int]:
    """Returns how many digits a decimal has, and how many of them after its point."""
    sizes = re.search(r"\((\d+)\s*(?:,\s*(\d+))?\)", column.text)
    return (int(sizes[1]), int(sizes[2] or 0)) if sizes else (10, 0)


def points_of(options: Mapping[str, Any]) -> tuple[str, str]:
    """Returns what is between thousands, and the point of a decimal; empty where that is not known here."""
    return POINTS.get(str(options.get("locale", "en-US")).lower(), ("", ""))


def _is_date(text: str) -> bool:
    match = ISO_DATE.fullmatch(text)
    parts = [int(part) for part in (match[1] or match[3]).split("-")] if match else []
    try:
        date(*(*parts, 1, 1)[:3])
    except (ValueError, TypeError):
        return False
    return bool(parts)


LETTERS = {"yyyy": "%Y", "uuuu": "%Y", "yy": "%y", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d"}
LETTERS |= {"HH": "%H", "H": "%H", "mm": "%M", "ss": "%S"}


def fits_pattern(text: str, pattern: str) -> bool:
    """Returns whether a text is written in a pattern of Spark's; True for patterns that are not understood here."""
    pieces = re.findall(r"((?P<letter>[a-zA-Z])(?P=letter)*)|([^a-zA-Z]+)", pattern)
    wanted = "".join(
        LETTERS.get(letters, "\0") if letters else other.replace("%", "%%") for letters, _, other in pieces
    )
    if "\0" in wanted or "'" in wanted or "[" in wanted:
        return True
    try:
        datetime.strptime(text, wanted)
    except ValueError:
        return False
    return True


def value_hint(text: str, column: Column) -> str:
    """Returns what helps with a text that is no value of its column."""
    name, kind = column.name, column.kind
    if text in NO_VALUES:
        return f'options={{"nullValue": {text!r}}} reads it as NULL'
    if text != text.strip(BLANKS) and text.strip(BLANKS):
        return 'options={"ignoreLeadingWhiteSpace": True, "ignoreTrailingWhiteSpace": True}'
    if kind in DATE_OPTIONS:
        return _date_hint(text, column)
    if kind in {*INTEGER_BITS, "float", "double", "decimal"}:
        return _number_hint(text, column)
    if kind == "boolean":
        return f"type `{name}` as string, and compare it in the feature: true and false are what a boolean is read from"
    return f"type `{name}` as string, and convert it in the feature"


def _date_hint(text: str, column: Column) -> str:
    name, kind = column.name, column.kind
    option = DATE_OPTIONS[kind]
    match = DAY.match(text)
    moment = ISO_MOMENT.fullmatch(text)
    if kind == "timestamp_ntz" and moment and moment["zone"]:
        return f"type `{name}` as timestamp: it has a time zone"
    if match is None:
        return f'options={{"{option}": "…"}} with its pattern, such as dd.MM.yyyy'
    first, sign, second, year = match.groups()
    order = f"MM{sign}dd" if int(second) > 12 else f"dd{sign}MM"
    either = "" if int(first) > 12 or int(second) > 12 else f" (or MM{sign}dd{sign}{'y' * len(year)}: this day is both)"
    time = " HH:mm:ss" if kind != "date" and ":" in text else ""
    return f'options={{"{option}": "{order}{sign}{"y" * len(year)}{time}"}}{either}'


def _number_hint(text: str, column: Column) -> str:
    name, kind = column.name, column.kind
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return f"type `{name}` as decimal(18,2) or the like: a decimal may have `,` between thousands"
    if re.fullmatch(r"[+-]?[\d.]*\d,\d+", text):
        return f'type `{name}` as decimal(18,2) or the like, with options={{"locale": "de-DE"}}: then `,` is the point'
    if kind in INTEGER_BITS and WHOLE.fullmatch(text):
        larger = "bigint" if fits_integer(int(text), "bigint") else "decimal(38,0)"
        return f"type `{name}` as {larger}: the number is too large for {kind}"
    if kind in INTEGER_BITS and NUMBER.fullmatch(text):
        return f"type `{name}` as double or decimal: it has a fraction"
    if kind == "decimal" and NUMBER.fullmatch(text):
        return f"give `{name}` more digits: {column.text} has too few before its point"
    return f"type `{name}` as string, and convert it in the feature (try_cast makes NULL of what does not fit)"
