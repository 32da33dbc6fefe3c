"""Columns in the names of folders: `country=NO/day=2024-02-29/part-0.parquet`. They are texts.

Spark guesses their types: `007` becomes 7 and `1e3` becomes 1000. So it is given the type string, and what a schema
declares is cast afterwards. It finds only folders that are directly above one another, and reads an escape as one
letter; the rest is done here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spark_etl.errors import SchemaDriftError
from spark_etl.names import quoted
from spark_etl.sources.folder_values import does_fit
from spark_etl.storage import relative_to
from spark_etl.storage.paths import ESCAPED, NULL_FOLDER, unescape

if TYPE_CHECKING:
    from pyspark.sql import Column


@dataclass(frozen=True)
class Layout:
    """Where Spark finds the folder columns of some files.

    Attributes:
        root: The folder that Spark looks below.
        inner: The columns that it finds there.
        outer: The others with their values, which all files below the root have.
    """

    root: str
    inner: tuple[str, ...] = ()
    outer: tuple[tuple[str, str | None], ...] = ()

    @property
    def names(self) -> list[str]:
        """All columns, from the outermost folder on."""
        return [*(name for name, _ in self.outer), *self.inner]


@dataclass(frozen=True)
class FolderColumns:
    """The folder columns of a file.

    Attributes:
        layout: Where Spark finds them.
        values: Column → its value; None for NULL.
        misread: What Spark reads instead of a value → the value.
    """

    layout: Layout
    values: Mapping[str, str | None] = field(default_factory=dict)
    misread: Mapping[str, str] = field(default_factory=dict)

    def as_constants(self, path: str) -> FolderColumns:
        """Returns them for a file of which Spark is to find none: its folder is read alone."""
        return FolderColumns(Layout(path.rsplit("/", 1)[0], (), tuple(self.values.items())), self.values)


def folder_columns(path: str, base: str) -> FolderColumns:
    """Returns the folder columns of a file.

    Args:
        path: The file.
        base: The folder below which `name=value` folders are columns.

    Raises:
        SchemaDriftError: A folder has no name, no value, or a name that another has.
    """
    parts = relative_to(path, base).split("/")[:-1]
    pairs = {position: part.partition("=")[::2] for position, part in enumerate(parts) if "=" in part}
    _refuse_unreadable(path, pairs.values())
    values = {unescape(name): None if raw == NULL_FOLDER else unescape(raw) for name, raw in pairs.values()}
    start = max(pairs, default=0)
    while start - 1 in pairs:
        start -= 1
    inner = tuple(unescape(name) for position, (name, _) in pairs.items() if position >= start)
    outer = tuple((name, value) for name, value in values.items() if name not in inner)
    root = "/".join([base.rstrip("/"), *parts[:start]]) if pairs else base
    misread = {_as_spark(raw): unescape(raw) for _, raw in pairs.values() if _as_spark(raw) != unescape(raw)}
    found = FolderColumns(Layout(root, inner, outer), values, misread)
    known = all(_as_spark(name) == unescape(name) for name, _ in pairs.values())
    return found if known else found.as_constants(path)


def _as_spark(text: str) -> str:
    """Returns a text without its escapes, as Spark reads them: each is one letter, also if several are one in UTF-8."""
    return ESCAPED.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("latin-1"), text)


def _refuse_unreadable(path: str, pairs: Iterable[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for name, value in pairs:
        if not name or not value or unescape(name).lower() in seen:
            problem = "is the second of this name" if name and value else f"has no {'value' if name else 'name'}"
            raise SchemaDriftError(
                f"the folder `{name}={value}` {problem}: {path}",
                hint="folders `name=value` are columns: rename it, or give the path of the files below it",
            )
        seen.add(unescape(name).lower())


def refuse_unfit(
    source: str, path: str, values: Mapping[str, str | None], types: Mapping[str, tuple[str, str]]
) -> None:
    """Refuses values that do not fit the type that is declared for their column.

    Args:
        source: The source's `repr`.
        path: The file.
        values: Its folder columns.
        types: Column, in small letters → name and type.

    Raises:
        SchemaDriftError: Names file, column, value and type.
    """
    for name, value in values.items():
        _, declared = types.get(name.lower(), (name, None))
        if declared is not None and value is not None and not does_fit(value, declared):
            raise SchemaDriftError(
                f"{source}: the folder column `{name}` is declared as {declared}, and {value!r} is none: {path}",
                hint=f"declare it as string (`{name} string`) and cast it in the feature, or rename the folder",
            )


def folder_column(
    name: str, layout: Layout, misread: Mapping[str, str], types: Mapping[str, tuple[str, str]]
) -> Column:
    """Returns a column of folders.

    Args:
        name: The column.
        layout: Where it is found; what Spark finds, it has read as a text.
        misread: What Spark reads instead of a value → the value.
        types: Column, in small letters → name and type, of those that are no texts.
    """
    from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it

    constants = dict(layout.outer)
    text = F.lit(constants[name]) if name in constants else _mended(F.col(quoted(name)), misread)
    return text.cast(types[name.lower()][1] if name.lower() in types else "string")


def _mended(column: Column, misread: Mapping[str, str]) -> Column:
    from pyspark.sql import functions as F  # noqa: N812

    mended: Any = F
    for wrong, value in sorted(misread.items()):
        mended = mended.when(column == wrong, value)
    return mended.otherwise(column) if misread else column
