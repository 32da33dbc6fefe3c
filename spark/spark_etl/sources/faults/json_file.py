"""The first place at which a JSON file does not fit its reader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from spark_etl.names import in_config
from spark_etl.sources.faults.changes import changes_of
from spark_etl.sources.faults.content import find_in_text, is_enabled, lines_of
from spark_etl.sources.faults.fault import Fault, shown
from spark_etl.sources.faults.values import (
    DATE_OPTIONS,
    INTEGER_BITS,
    Column,
    fits,
    fits_integer,
    points_of,
    value_hint,
)

MULTI_LINE = (
    'options={"multiLine": True} reads a file as one document, or one array of them, which may go over several lines'
)
LENIENT = 'correct it; options={"mode": "DROPMALFORMED"} leaves such documents out'
CASES = (
    f"{in_config('spark.sql.caseSensitive: true')} tells `id` from `Id`; "
    "or name one of them otherwise where it is written"
)
# What Spark's parser takes, or has an option for, and Python's does not.
OPTIONS = (
    (re.compile(r"^\s*(//|/\*|#)"), 'options={"allowComments": True}'),
    (re.compile(r"[{,]\s*[A-Za-z_]\w*\s*:"), 'options={"allowUnquotedFieldNames": True}'),
    (re.compile(r":\s*-?0\d"), 'options={"allowNumericLeadingZeros": True}'),
    (re.compile(r"\\[^\"\\/bfnrtu]"), 'options={"allowBackslashEscapingAnyCharacter": True}'),
    (re.compile(r"[\x00-\x09\x0b-\x1f]"), 'options={"allowUnquotedControlChars": True}'),
)
SEVERAL = re.compile(r"[}\]][ \t]*(?:,[ \t]*[{\[]|[^\s,\]}])")
# Finds where a document ends, without its values: they would take twenty times the memory of its text.
END_ONLY = json.JSONDecoder(object_pairs_hook=lambda _: None, parse_int=lambda _: None, parse_float=lambda _: None)
MOST_LISTS = 1000
SINGLE_QUOTED = re.compile(r"[{,:\[]\s*'")


def find_json_fault(path: str, options: Mapping[str, Any], columns: Sequence[Column] | None) -> Fault | None:
    """Returns the first fault of a JSON file; None if none is found in its first 64 MB.

    Args:
        path: The file.
        options: Those of Spark's reader, their names in small letters.
        columns: Those of the schema; None without a schema.
    """

    def find(text: str, whole: bool) -> Fault | None:
        if is_enabled(options, "multiLine"):
            return _find_in_document(path, 1, text, columns, options)
        return _find_in_lines(path, text, columns, options, whole=whole)

    try:
        return find_in_text(path, options, find)
    except LookupError:  # an encoding that Python lacks
        return None


def find_silent_json_faults(path: str, text: str, options: Mapping[str, Any]) -> Iterator[Fault]:
    """Yields the fault of documents that Spark would pass over: it reads the first of several, without a word."""
    if is_enabled(options, "multiLine"):
        line = _second_document(text.lstrip("\ufeff"))
        what = "a second document: with multiLine a file has one, or one array of them, and Spark reads only the first"
        if line:
            yield Fault(f"{path}, line {line}: {what}", "leave multiLine out for a document a line")
        return
    end = parsed = 0
    for match in SEVERAL.finditer(text):
        if match.start() < end or (parsed > MOST_LISTS and match[0].endswith(("{", "[")) and "," in match[0]):
            continue  # this line has been looked at, or is one of many with a list of objects in it
        parsed += 1
        start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
        end = end if end >= 0 else len(text)
        if not is_enabled(options, "allowComments") and _second_document(text[start:end]):
            number = text.count("\n", 0, start) + 1
            what = "more than one document in one line, of which Spark reads only the first"
            yield Fault(f"{path}, line {number}: {what}: {shown(text[start:end])}", "write a document a line")
            return


def _second_document(text: str) -> int | None:
    """Returns the line at which something comes after a document; None if there is nothing, or a comma."""
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] not in {"{", "["}:
        return None
    try:
        _, end = END_ONLY.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    rest = text[end:].lstrip()
    return text.count("\n", 0, len(text) - len(rest)) + 1 if rest.rstrip(", \t\r\n") else None


def find_json_changes(path: str, text: str, options: Mapping[str, Any], columns: Sequence[Column]) -> Iterator[Fault]:
    """Yields the first value of each column that Spark would take for another one, without a word."""
    for change in (change for column in columns for change in changes_of(column, options)):
        if not change.probe.search(text):
            continue
        pattern = re.compile(rf'"{re.escape(change.column.name)}"\s*:\s*(?:"([^"]*)"|([-\d][^\s,}}\]]*))')
        for match in pattern.finditer(text):
            is_read_so = match[2] is None or points_of(options)[1] == "."  # a number has its point in any language
            if is_read_so and change.pattern.fullmatch(match[1] or match[2] or ""):
                number = text.count("\n", 0, match.start()) + 1
                yield change.fault(f"{path}, line {number}", match[1] or match[2])
                break


def _find_in_lines(
    path: str, text: str, columns: Sequence[Column] | None, options: Mapping[str, Any], *, whole: bool
) -> Fault | None:
    for number, line in enumerate(lines_of(text), start=1):
        fault = _find_in_document(path, number, line, columns, options) if line.strip() else None
        if fault:
            is_pretty = whole and _parses(text) and not _parses(line)
            pretty = Fault(f"{path}, line {number}: a document does not end in its line", MULTI_LINE)
            return pretty if is_pretty else fault
    return None


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _find_in_document(
    path: str, number: int, text: str, columns: Sequence[Column] | None, options: Mapping[str, Any]
) -> Fault | None:
    try:
        value = json.loads(text, object_pairs_hook=_Pairs)
    except RecursionError:
        return Fault(f"{path}, line {number}: it is nested too deep", LENIENT)
    except json.JSONDecodeError as error:
        if SINGLE_QUOTED.search(text):  # Spark takes them, Python does not
            return None
        line, piece = number + error.lineno - 1, error.doc[max(error.pos - 30, 0) : error.pos + 30]
        hint = next((hint for pattern, hint in OPTIONS if pattern.search(piece)), LENIENT)
        reason = error.msg[0].lower() + error.msg[1:]
        return Fault(f"{path}, line {line}, character {error.colno}: no JSON, {reason}: {shown(piece)}", hint)
    for document in value if isinstance(value, list) and not isinstance(value, _Pairs) else [value]:
        if fault := _find_in_value(f"{path}, line {number}", document, columns, options):
            return fault
    return None


class _Pairs(list[Any]):
    """The names and values of an object, in its order, doubles too."""


def _find_in_value(
    where: str, document: Any, columns: Sequence[Column] | None, options: Mapping[str, Any]
) -> Fault | None:
    if not isinstance(document, _Pairs):
        return Fault(f"{where}: {shown(json.dumps(document))} is no document: {{…}} is expected", LENIENT)
    for first, name in _duplicates(document) if columns is None else ():
        if first == name:
            return Fault(
                f"{where}: two of its fields are called `{shown(name)}`",
                "name one of them otherwise where it is written",
            )
        what = f"its fields `{shown(first)}` and `{shown(name)}` are one: small and capital letters are the same"
        return Fault(f"{where}: {what}", CASES)
    wanted = {column.name.lower(): column for column in columns or ()}
    for name, value in document:
        column = wanted.get(name.lower())
        if column and not _is_value_of(value, column, options):
            text = value if isinstance(value, str) else json.dumps(_plain(value))
            hint = value_hint(text, column) if _has_own_hint(value, column) else _text_hint(column)
            found = shown(json.dumps(_plain(value)))
            return Fault(f"{where}, field `{shown(name)}`: {found} is no {column.text}", hint)
    return None


def _plain(value: Any) -> Any:
    """Returns a value with dicts for its objects."""
    if isinstance(value, _Pairs):
        return {name: _plain(inner) for name, inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _duplicates(value: Any) -> Iterator[tuple[str, str]]:
    """Yields the names of fields of an object, or of one in it, that Spark takes for one."""
    seen: dict[str, str] = {}
    for name, inner in value if isinstance(value, _Pairs) else ():
        if name.lower() in seen:
            yield seen[name.lower()], name
        seen[name.lower()] = name
        yield from _duplicates(inner)
    for item in () if isinstance(value, _Pairs) or not isinstance(value, list) else value:
        yield from _duplicates(item)


def _has_own_hint(value: Any, column: Column) -> bool:
    return (isinstance(value, str) and value != "" and column.kind in DATE_OPTIONS) or (
        _is_number(value) and column.kind in INTEGER_BITS
    )


def _text_hint(column: Column) -> str:
    what = (
        "it then has the JSON text, which from_json reads" if column.kind in {"struct", "array", "map"} else "cast it"
    )
    return f"type `{column.name}` as string, and in the feature {what}"


def _is_number(value: Any) -> bool:
    is_special = isinstance(value, str) and value.lstrip("+-") in {"NaN", "INF", "Infinity"}
    return is_special or (isinstance(value, int | float) and not isinstance(value, bool))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


CHECKS: dict[str, Callable[[Any], bool]] = {
    "float": _is_number,
    "double": _is_number,
    "decimal": lambda value: isinstance(value, str) or _is_number(value),
    "boolean": lambda value: isinstance(value, bool),
    "struct": lambda value: isinstance(value, _Pairs),
    "map": lambda value: isinstance(value, _Pairs),
    "array": lambda value: isinstance(value, list),
}


def _is_value_of(value: Any, column: Column, options: Mapping[str, Any]) -> bool:
    kind = column.kind
    if value is None:
        return True
    if value == "":
        return kind in {"string", "binary"}
    if kind in INTEGER_BITS:
        return _is_whole(value) and fits_integer(value, kind)
    if kind in DATE_OPTIONS:
        is_seconds = kind == "timestamp" and _is_whole(value)
        return is_seconds or (isinstance(value, str) and fits(value, column, options))
    return CHECKS[kind](value) if kind in CHECKS else True
