"""The first place at which a CSV file does not fit its reader."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from spark_etl.sources.faults.changes import changes_of
from spark_etl.sources.faults.content import find_in_text, is_enabled, lines_of
from spark_etl.sources.faults.csv_dialect import Dialect, Row
from spark_etl.sources.faults.fault import Fault, quoted_piece, shown
from spark_etl.sources.faults.values import Column, fits, value_hint

SEPARATORS = {";": ";", "\t": "\\t", "|": "|", ",": ","}
MULTI_LINE = 'options={"multiLine": True} lets a quoted value go over several lines'
CUT_OFF = "if the file is cut off, or a quote is missing, write it again"
DOUBLED = """options={"escape": '"'}; with {"escape": "\\\\"} the value is read with all its quotes"""
BY_POSITION = (
    'write the schema as the header is; options={"enforceSchema": True} takes columns by their position instead'
)
NO_HEADER = "take out the lines above the header: Spark has no option for that, but for those of one `comment` letter"
LENIENT = 'options={"mode": "DROPMALFORMED"} leaves such rows out, "PERMISSIVE" fills them with NULL'


def find_csv_fault(
    path: str, options: Mapping[str, Any], columns: Sequence[Column] | None, record: str | None = None
) -> Fault | None:
    """Returns the first fault of a CSV file; None if none is found in its first 64 MB.

    Args:
        path: The file.
        options: Those of Spark's reader, their names in small letters.
        columns: Those of the schema; None without a schema: then each value is a text.
        record: The row that Spark says it can't read; it is looked up where no fault is found.
    """

    def find(text: str, _whole: bool) -> Fault | None:
        return _find_row_fault(path, text, options, columns) or _find_record(path, text, record, options)

    try:
        return find_in_text(path, options, find)
    except (csv.Error, TypeError, LookupError):  # a separator of several letters, an encoding that Python lacks
        return None


def _find_row_fault(path: str, text: str, options: Mapping[str, Any], columns: Sequence[Column] | None) -> Fault | None:
    dialect = Dialect.of(options)
    rows = dialect.rows(text)
    names = [column.name for column in columns] if columns else None
    if is_enabled(options, "header"):
        header = next(rows, None)
        if header is None:
            return None
        if columns and not is_enabled(options, "enforceSchema"):
            fault = _find_header_fault(path, header, columns, dialect)
            if fault:
                return fault
        names = names or header.values
        if not columns and (fault := _find_name_fault(path, header, options)):
            return fault
    for row in rows:
        names = names or row.values
        fault = _find_fault_in_row(path, row, names, columns, dialect)
        if fault:
            return fault
    return None


def find_silent_csv_faults(
    path: str, text: str, options: Mapping[str, Any], own: Mapping[str, Any], columns: Sequence[Column] | None = None
) -> Iterator[Fault]:
    """Yields the faults of a file that Spark would read as something else, without a word: the first of each kind.

    Args:
        path: The file.
        text: Its text.
        options: Those of Spark's reader, their names in small letters.
        own: Those of them that the user has given.
        columns: Those of the schema; None without a schema: then each value is a text.
    """
    dialect = Dialect.of(options)
    number, first = next(dialect.lines(text), (1, ""))
    is_named = is_enabled(options, "header") and not columns
    if is_named and not {"sep", "delimiter"} & own.keys() and dialect.separator not in first:
        mark = next((mark for mark in SEPARATORS if mark in first), None)
        if mark:
            hint = f'options={{"sep": "{SEPARATORS[mark]}"}}; {{"sep": ","}} if it has one column of such a name'
            yield Fault(f"{path}, line {number}: its header is {quoted_piece(first)}, without any `,`", hint)
    yield from _find_quotes(path, text, dialect, is_doubled="escape" not in own)
    with suppress(csv.Error, TypeError):  # a separator of several letters, a value that is too long for Python
        yield from _find_changed(path, text, dialect, columns or ())


def _find_quotes(path: str, text: str, dialect: Dialect, *, is_doubled: bool) -> Iterator[Fault]:
    """Yields the first quoted value that is not over where its line, or its file, is.

    Args:
        path: The file.
        text: Its text.
        dialect: How it is written.
        is_doubled: Whether `""` may stand for a quote, though the reader's escape is another.
    """
    for value in dialect.quoted_values(text):
        is_open = dialect.is_open(value)
        if not is_open and not (is_doubled and dialect.has_doubled_quote(value["inner"])):
            continue
        number = text.count("\n", 0, value.start("inner")) + 1
        line = text[text.rfind("\n", 0, value.start("inner")) + 1 : value.end()]
        if is_open:
            fault = _open_quote(path, number, line, dialect)
            is_last = not dialect.multi_line and not text[value.end() :].strip()
            yield replace(fault, hint=f"{CUT_OFF}; {fault.hint}") if is_last else fault
        else:
            piece = quoted_piece(value[0].lstrip(f"{dialect.separator}\r\n"))
            yield Fault(f"{path}, line {number}: `{2 * str(dialect.quote)}` stands for a quote in {piece}", DOUBLED)
        return


def _find_changed(path: str, text: str, dialect: Dialect, columns: Sequence[Column]) -> Iterator[Fault]:
    """Yields the first value of each column that Spark takes for another one."""
    left = [(at, change) for at, column in enumerate(columns) for change in changes_of(column, dialect.options)]
    left = [place for place in left if place[1].probe.search(text)]
    rows = dialect.rows(text) if left else iter(())
    if is_enabled(dialect.options, "header"):
        next(rows, None)
    for row in rows:
        for place in left:
            at, change = place
            if at < len(row.values) and change.pattern.fullmatch(row.values[at]):
                yield change.fault(f"{path}, line {row.number}", row.values[at])
                left = [other for other in left if other[0] != at]
        if not left:
            return


def _open_quote(path: str, number: int, line: str, dialect: Dialect) -> Fault:
    where = f"{path}, line {number}: a quoted value does not end in its {'file' if dialect.multi_line else 'line'}"
    message = f"{where}: {quoted_piece(line)}"
    if dialect.escape and re.search(
        re.escape(f"{dialect.escape}{dialect.quote}") + f"({re.escape(dialect.separator)}|$)", line
    ):
        return Fault(message, f"""options={{"escape": '"'}} if `{dialect.escape}` before a quote is only a letter""")
    return Fault(message, CUT_OFF if dialect.multi_line else MULTI_LINE)


def _find_record(path: str, text: str, record: str | None, options: Mapping[str, Any]) -> Fault | None:
    """Returns the fault of a row that only Spark can't read."""
    if record is None:
        return None
    number = next((number for number, line in enumerate(lines_of(text), start=1) if line == record), None)
    if number is None:
        return None
    message = f"{path}, line {number}: Spark can't read {quoted_piece(record)}"
    if '""' in record and str(options.get("escape", "\\")) != '"':
        return Fault(f'{message}, in which `""` stands for a quote', """options={"escape": '"'}""")
    return Fault(message, LENIENT)


def _find_name_fault(path: str, header: Row, options: Mapping[str, Any]) -> Fault | None:
    """Returns the fault of a header that Spark refuses as it has to make names itself."""
    if is_enabled(options, "enforceSchema"):
        return None
    names = [name.lower() for name in header.values]
    where = f"{path}, line {header.number}: its header {quoted_piece(header.line)}"
    if "" in names:
        made = f"_c{names.index('')}"
        return Fault(f"{where} has a column without a name", f'options={{"enforceSchema": True}} calls it `{made}`')
    double = next((name for name in names if names.count(name) > 1), None)
    if double is None:
        return None
    made = " and ".join(f"`{double}{place}`" for place, name in enumerate(names) if name == double)
    return Fault(
        f"{where} has {names.count(double)} columns called `{shown(double)}`",
        f'options={{"enforceSchema": True}} calls them {made}',
    )


def _find_header_fault(path: str, header: Row, columns: Sequence[Column], dialect: Dialect) -> Fault | None:
    names = [column.name for column in columns]
    found, wanted = [name.lower() for name in header.values], [name.lower() for name in names]
    if found == wanted:
        return None
    message = (
        f"{path}, line {header.number}: its header is {quoted_piece(header.line)}, but the schema has {_list(names)}"
    )
    missing = [name for name in names if name.lower() not in found]
    hint = _separator_hint(header, len(names), dialect) or _comment_hint(header.line) or _names_hint(header, columns)
    return Fault(
        f"{message}; the header lacks {_list(missing)}" if missing and not hint else message, hint or BY_POSITION
    )


def _names_hint(header: Row, columns: Sequence[Column]) -> str | None:
    """Returns what helps with a header whose names are the schema's in another shape or order, or are none."""
    found, wanted = [name.lower() for name in header.values], [column.name.lower() for column in columns]
    if [name.strip() for name in found] == wanted:
        return 'options={"ignoreLeadingWhiteSpace": True, "ignoreTrailingWhiteSpace": True}: it has blanks around names'
    if sorted(found) == sorted(wanted):
        return "write the schema's columns in the order of the header"
    is_row = len(found) == len(wanted) and _is_row_of(header, columns)
    return 'options={"header": False}, if the first line is a row' if is_row else None


def _is_row_of(row: Row, columns: Sequence[Column]) -> bool:
    """Returns whether a line has values of the columns' types, and not only texts."""
    typed = [(text, column) for text, column in zip(row.values, columns, strict=False) if column.kind != "string"]
    return bool(typed) and all(fits(text, column, {}) for text, column in typed)


def _comment_hint(line: str) -> str | None:
    mark = line.lstrip()[:1]
    return f'options={{"comment": "{mark}"}} passes over such lines' if mark in {"#", "%", "!"} else None


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{shown(name)}`" for name in names[:12]) + (" …" if len(names) > 12 else "")


def _separator_hint(row: Row, columns: int, dialect: Dialect) -> str | None:
    """Returns the separator that would make as many columns of a line which has none."""
    others = [mark for mark in SEPARATORS if mark != dialect.separator] if len(row.values) == 1 < columns else []
    mark = next((mark for mark in others if row.line.count(mark) == columns - 1), None)
    return f'options={{"sep": "{SEPARATORS[mark]}"}}' if mark else None


def _find_fault_in_row(
    path: str, row: Row, names: Sequence[str], columns: Sequence[Column] | None, dialect: Dialect
) -> Fault | None:
    if not dialect.multi_line and dialect.leaves_open(row.line):
        return _open_quote(path, row.number, row.line, dialect)
    if len(row.values) != len(names):
        return _ragged(path, row, names, dialect)
    for text, column in zip(row.values, columns or (), strict=bool(columns)):
        if text not in {dialect.null, ""} and not fits(text, column, dialect.options):
            return Fault(
                f"{path}, line {row.number}, column `{shown(column.name)}`: {quoted_piece(text)} is no {column.text}",
                value_hint(text, column),
            )
    return None


def _ragged(path: str, row: Row, names: Sequence[str], dialect: Dialect) -> Fault:
    found = f"{len(row.values)} value{'' if len(row.values) == 1 else 's'}"
    columns = f"{len(names)} column{'' if len(names) == 1 else 's'}: {_list(names)}"
    message = f"{path}, line {row.number}: {found} in {quoted_piece(row.line)}, but {columns}"
    if len(names) == 1:
        return _ragged_to_one_name(message, row, names[0])
    if len(row.values) == 1 and (hint := _separator_hint(row, len(names), dialect)):
        return Fault(message, hint)
    if row.line.rstrip().endswith(dialect.separator) and len(row.values) == len(names) + 1:
        return Fault(f"{message}; the line ends with `{dialect.separator}`", f"give the last column a name. {LENIENT}")
    if re.search(rf"'[^']*{re.escape(dialect.separator)}[^']*'", row.line) and dialect.quote != "'":
        return Fault(message, """options={"quote": "'"}""")
    if len(row.values) > len(names):
        return Fault(message, f"a value with `{dialect.separator}` in it needs quotes around it. {LENIENT}")
    return Fault(message, LENIENT)


def _ragged_to_one_name(message: str, row: Row, name: str) -> Fault:
    """Returns the fault of a file whose first line has another separator, or is no header."""
    inside = next((mark for mark in SEPARATORS if mark in name and mark in row.line), None)
    comment = _comment_hint(name)
    if inside and not comment:
        return Fault(message, f'options={{"sep": "{SEPARATORS[inside]}"}}')
    return Fault(f"{message}; the first line is taken for the header", comment or NO_HEADER)
