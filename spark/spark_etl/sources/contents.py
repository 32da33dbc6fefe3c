"""What lies in a folder in which a source finds no file to read."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from spark_etl.printable import printable
from spark_etl.storage import is_hidden, name_of, relative_to, storage_for
from spark_etl.units import format_count

MOST_SHOWN, MOST_COUNTED = 3, 1000
# Ending of a name → the source for such files.
SOURCES = {
    "csv": "CsvSource",
    "tsv": "CsvSource with options={'sep': '\\t'}",
    "json": "JsonSource",
    "jsonl": "JsonSource",
    "ndjson": "JsonSource",
}
PACKED = {"gz", "bz2", "zst"}
NO_PARQUET = {"orc", "avro", "txt", "md", "xml", "html", "xlsx", "zip", "log", "tmp", "crc"}


def is_data(path: str, folder: str) -> bool:
    """Returns whether Spark would read a file below a folder: names that begin with `_` or `.` it leaves alone."""
    names = relative_to(path, folder).split("/")
    return not any(map(is_hidden, names)) and not names[-1].endswith("._COPYING_")


def unread_names(names: Iterable[str], wanted: str) -> str | None:
    """Returns what to say of files beside those that are read that may be data too; None if there are none.

    Args:
        names: The files that are not read, hidden ones left out.
        wanted: The pattern of the names that are read.
    """
    doubtful = [name for name in names if _ending(name) not in SOURCES.keys() | NO_PARQUET]
    if not doubtful:
        return None
    return f"{format_count(len(doubtful), 'file')} not named `{wanted}`, not read: {_listed(doubtful)}"


def describe_contents(folder: str, wanted: str = "*") -> tuple[str, str] | None:
    """Returns what lies in a folder though nothing there is read, and what to do; None if there is nothing at all.

    Args:
        folder: The folder.
        wanted: The pattern of the names that are looked for.
    """
    found = [item.path for item in itertools.islice(storage_for(folder).walk(folder), MOST_COUNTED)]
    if not found:
        return None
    data = [path for path in found if is_data(path, folder)]
    names = [relative_to(path, folder) for path in data or found]
    kind = f"not named `{wanted}`" if data else "hidden or temporary, which no reader takes"
    number = f"{format_count(len(names), 'file')}{' or more' if len(found) == MOST_COUNTED else ''}"
    return f"{number}, {kind}: {_listed(names)}", _advice(names) if data else _advice_hidden(names)


def _listed(names: Sequence[str]) -> str:
    more = f", … ({len(names) - MOST_SHOWN} more)" if len(names) > MOST_SHOWN else ""
    return ", ".join(printable(name, one_line=True) for name in names[:MOST_SHOWN]) + more


def _advice(names: Sequence[str]) -> str:
    endings = {_ending(name) for name in names}
    sources = {SOURCES[ending] for ending in endings if ending in SOURCES}
    if sources and len(sources) == len(endings):
        return f"{' and '.join(sorted(sources))} reads such files"
    possible = {ending for ending in endings if ending not in SOURCES.keys() | NO_PARQUET}
    if not possible:
        return "none of them is Parquet by its name; is the path right?"
    exact = {name_of(name).rpartition(".")[2] for name in names}
    pattern = f"*.{exact.pop()}" if len(exact) == 1 and possible != {""} else "*"
    return f'if they are Parquet, file_pattern="{pattern}" reads them'


def _ending(name: str) -> str:
    """Returns what comes after the last point of a name, without that of its compression, in small letters."""
    parts = name_of(name).lower().split(".")
    if len(parts) > 2 and parts[-1] in PACKED:
        parts.pop()
    return parts[-1] if len(parts) > 1 else ""


def _advice_hidden(names: Sequence[str]) -> str:
    if all(name_of(name).startswith("_SUCCESS") for name in names):
        return "who wrote it has written no file: an empty frame, too, is written as one file with its columns"
    return "who writes it has not finished, or was stopped: wait for it, or write it again"
