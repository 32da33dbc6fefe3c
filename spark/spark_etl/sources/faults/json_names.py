"""Names of JSON's fields that are not the columns': Spark makes NULL of those columns, without a word."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from spark_etl.sources.faults.content import is_enabled, lines_of
from spark_etl.sources.faults.fault import Fault, shown

FIRST_DOCUMENTS = 100


class _Names(list[str]):
    """The names of an object's fields."""


# Without the values: they would take many times the memory of the text.
DECODER = json.JSONDecoder(
    object_pairs_hook=lambda pairs: _Names(name for name, _ in pairs),
    parse_int=lambda _: None,
    parse_float=lambda _: None,
)


def find_other_spelling(
    path: str, text: str, options: Mapping[str, Any], known: MutableMapping[str, str], *, declared: bool
) -> Iterator[Fault]:
    """Yields the first field whose name is a column's but for small and capital letters.

    Args:
        path: The file.
        text: Its text.
        options: Those of Spark's reader, their names in small letters.
        known: Column in small letters → its name; without a schema, those of the first documents are added.
        declared: Whether a schema has the columns.
    """
    if not declared:
        for _, names in itertools.islice(_documents(text, options), FIRST_DOCUMENTS):
            for name in names:
                known.setdefault(name.lower(), name)
    lowered = text.lower()
    doubtful = {low: own for low, own in list(known.items()) if lowered.count(f'"{low}"') > text.count(f'"{own}"')}
    for number, names in _documents(text, options, doubtful) if doubtful else ():
        for name in names:
            own = doubtful.get(name.lower(), name)
            if own not in names:
                yield _fault(f"{path}, line {number}: its field `{shown(name)}`", shown(own), declared=declared)
                return


def names_in(text: str, names: Iterable[str]) -> set[str]:
    """Returns the names that a field of a text may have: without parsing it, as that takes long."""
    return {name for name in names if any(form in text for form in (f'"{name}"', f"'{name}'", f"{name}:"))}


def _fault(what: str, own: str, *, declared: bool) -> Fault:
    if declared:
        message = f"{what} is `{own}` in the schema: Spark distinguishes small and capital letters, and would read NULL"
        return Fault(message, "write the schema as the documents do, and rename the column in the feature")
    message = (
        f"{what} is `{own}` in others: Spark makes one column of both, which is NULL where it is spelled otherwise"
    )
    return Fault(
        message, "a schema with one of them is refused, so write it alike where it is written", is_warning=True
    )


def _documents(
    text: str, options: Mapping[str, Any], doubtful: Mapping[str, str] | None = None
) -> Iterator[tuple[int, _Names]]:
    """Yields the line and the fields' names of the documents, or of those that may have one of some names."""
    parts = [text] if is_enabled(options, "multiLine") else lines_of(text)
    for number, part in enumerate(parts, start=1):
        if doubtful and not any(f'"{low}"' in part.lower() for low in doubtful):
            continue
        try:
            found, _ = DECODER.raw_decode(part.lstrip("\ufeff \t\r\n"))
        except (ValueError, RecursionError):
            continue
        for names in [found] if isinstance(found, _Names) else found if isinstance(found, list) else []:
            if isinstance(names, _Names):
                yield number, names
