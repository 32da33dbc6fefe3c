"""Types of Parquet that Spark lacks, and what each is converted to.

Spark reads the bytes or the number behind each of them, if it is asked for that by a schema; conversion.py makes the
value of it. A type is written as pyarrow writes it: `timestamp[ns]`, `float16`, `decimal(50,10)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from spark_etl.errors import ConfigError, SchemaDriftError
from spark_etl.names import alternatives, listing
from spark_etl.schemas.types import MOST_DIGITS, FileSchema, Type, describe_type, fields_of, is_spark_type, struct_type

EXACT, TRUNCATE = "exact", "truncate"
MOST_SHOWN = 8
TWINS = "one of two columns"
CHILDREN = ("elementType", "keyType", "valueType")
WAYS = {TRUNCATE, "bigint", "double", "binary"}
ADVICE = {
    "timestamp": 'convert=True reads it in microseconds and refuses more digits, convert="truncate" cuts them',
    "time": "convert=True reads it as a text such as 12:30:00.000000",
    "half": "convert=True reads it as float",
    "uuid": "convert=True reads it as a text",
    "decimal": "convert=True reads it with 38 digits and refuses a value of more",
}
Convert = bool | str | Mapping[str, bool | str]


@dataclass(frozen=True)
class Foreign:
    """A type that Spark lacks.

    Attributes:
        kind: `timestamp`, `time`, `half`, `decimal` or `uuid`.
        raw: The type that Spark reads it as.
        targets: The ways to convert it → the type that each makes of it.
    """

    kind: str
    raw: str
    targets: Mapping[str, str]

    @property
    def advice(self) -> str:
        """What can be done about a column of this type."""
        return ADVICE[self.kind] if EXACT in self.targets else 'convert={"column": "double"} reads it approximately'


def foreign(name: str) -> Foreign | None:
    """Returns what is known of a type; None if Spark has it, or nothing can be made of it."""
    if match := re.fullmatch(r"timestamp\[ns(?P<zone>, tz=.*)?\]", name):
        target = "timestamp" if match["zone"] else "timestamp_ntz"
        return Foreign("timestamp", "long", {EXACT: target, TRUNCATE: target, "bigint": "long"})
    if match := re.fullmatch(r"time(?:32|64)\[(?P<unit>ms|us|ns)\]", name):
        return Foreign("time", "integer" if match["unit"] == "ms" else "long", {EXACT: "string", "bigint": "long"})
    if name == "float16":
        return Foreign("half", "binary", {EXACT: "float", "double": "double"})
    if name == "uuid":
        return Foreign("uuid", "binary", {EXACT: "string", "binary": "binary"})
    match = re.fullmatch(r"decimal\((\d+),(\d+)\)", name)
    if match and int(match[1]) > MOST_DIGITS:
        exact = {EXACT: f"decimal({MOST_DIGITS},{match[2]})"} if int(match[2]) <= MOST_DIGITS else {}
        return Foreign("decimal", "binary", {**exact, "double": "double"})
    return None


@dataclass(frozen=True)
class Conversion:
    """What a source is to convert.

    Args:
        convert: True for all columns of such types; `truncate` for all, without the digits beyond microseconds; column
            → True or the way for some.
    """

    convert: Convert | None = None

    def __post_init__(self) -> None:
        """Refuses ways that no type has.

        Raises:
            ConfigError: Names them.
        """
        if not isinstance(self.convert, bool | str | Mapping | None):
            raise ConfigError(
                f"convert={self.convert!r} is no way to convert",
                hint='True or "truncate" for all columns, a mapping for some: convert={"column": True}',
            )
        ways, known = [self.convert], {TRUNCATE}
        if isinstance(self.convert, Mapping):
            ways, known = list(self.convert.values()), WAYS
        for way in ways:
            if way is not None and not isinstance(way, bool) and (not isinstance(way, str) or way not in known):
                raise ConfigError(f"convert={self.convert!r}: {way!r} is unknown", hint=f"True, or {listing(known)}")

    def way(self, column: str) -> str | None:
        """Returns how a column is converted; None if it is not."""
        if isinstance(self.convert, Mapping):
            ways = {name.lower(): way for name, way in self.convert.items()}
            return _way(ways.get(column.lower()))
        return _way(self.convert)

    def check(self, source: str, schemas: Sequence[FileSchema]) -> None:
        """Refuses columns that no file has, and ways that the type of a column does not have.

        Raises:
            ConfigError: Names what there is.
        """
        if not isinstance(self.convert, Mapping):
            return
        known = {name.lower(): name for schema in schemas for name in schema}
        for column in self.convert:
            if known and column.lower() not in known:
                raise ConfigError(
                    f"{source} has no column `{column}` to convert. {alternatives(column, known.values())}"
                )
            kinds = [kind for schema in schemas for name, kind in schema.items() if name.lower() == column.lower()]
            for kind in kinds:
                _check_way(source, column, self.way(column), kind)

    def target(self, column: str, kind: Type) -> Type:
        """Returns the type that a column has after its conversion."""
        way = self.way(column)
        return kind if way is None else _converted(kind, way)


def refuse_foreign(
    source: str, files: Iterable[tuple[str, FileSchema]], conversion: Conversion, *, declared: bool = False
) -> None:
    """Refuses columns of types that Spark lacks and that are not converted.

    Args:
        source: The source's `repr`.
        files: Path and columns of each file.
        conversion: What is converted.
        declared: Whether a schema gives these columns other types.

    Raises:
        SchemaDriftError: Names columns, types, a file that has them, and what can be done.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for path, schema in files:
        for name, kind in schema.items():
            for place, leaf in foreign_leaves(name, conversion.target(name, kind)):
                places.setdefault((place, leaf), []).append(path)
    if places:
        lines = [f"`{place}`: {leaf} in {_shown(paths)}" for (place, leaf), paths in places.items()]
        more = [f"and {len(lines) - MOST_SHOWN} more columns"] if len(lines) > MOST_SHOWN else []
        raise SchemaDriftError(
            "\n  ".join([f"{source}: Spark can't read these columns", *lines[:MOST_SHOWN], *more]),
            hint=_stored_advice(places) if declared else _advice([leaf for _, leaf in places]),
        )


def _shown(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more files"


def _stored_advice(places: Iterable[tuple[str, str]]) -> str:
    """Returns what helps where a schema is given, with which nothing is converted."""
    raw = ", ".join(f"{place} {describe_type(known.raw)}" for place, leaf in places if (known := foreign(leaf)))
    stored = f' or, in schema=, "{raw}" reads what is stored' if raw else ""
    return f"without schema=, convert=True reads what can be, and the feature casts it;{stored}"


def _advice(leaves: Sequence[str]) -> str:
    advice = dict.fromkeys(found.advice for found in map(foreign, leaves) if found)
    twins = any(leaf.startswith(TWINS) for leaf in leaves)
    again = "rename one where the file is written" if twins else "write another type"
    return "; or ".join([*advice, f"leave it out by select_cols=, or {again}"])


def _way(choice: bool | str | None) -> str | None:
    return EXACT if choice is True else choice or None


def _check_way(source: str, column: str, way: str | None, kind: Type) -> None:
    for _, leaf in foreign_leaves("", kind):
        known = foreign(leaf)
        if known and way is not None and way not in known.targets:
            ways = ", ".join("True" if name == EXACT else repr(name) for name in known.targets)
            raise ConfigError(
                f"{source}: `{column}` is {leaf}, which has no conversion {way!r}", hint=f"it has: {ways}"
            )


def target_of(name: str, way: str) -> str | None:
    """Returns the type that a foreign type becomes; the first way counts where it does not have this one."""
    known = foreign(name)
    if known is None:
        return None
    return known.targets.get(way) or (known.targets.get(EXACT) if way == TRUNCATE else None)


def _converted(kind: Type, way: str) -> Type:
    if isinstance(kind, str):
        return target_of(kind, way) or kind
    if kind["type"] == "struct":
        return struct_type({name: _converted(inner, way) for name, inner in fields_of(kind).items()})
    return {name: _converted(inner, way) if name in CHILDREN else inner for name, inner in kind.items()}


def raw_type(kind: Type) -> Type:
    """Returns a type with what Spark reads instead of what it lacks."""
    if isinstance(kind, str):
        known = foreign(kind)
        return known.raw if known else kind
    if kind["type"] == "struct":
        return struct_type({name: raw_type(inner) for name, inner in fields_of(kind).items()})
    return {name: raw_type(inner) if name in CHILDREN else inner for name, inner in kind.items()}


def foreign_leaves(path: str, kind: Type) -> Iterator[tuple[str, str]]:
    """Yields the places in a type that Spark has no type for, each with what is there."""
    if isinstance(kind, str):
        if not is_spark_type(kind):
            yield path, kind
        return
    children = fields_of(kind) if kind["type"] == "struct" else {name: kind[name] for name in CHILDREN if name in kind}
    for name, inner in children.items():
        yield from foreign_leaves(f"{path}.{name}", inner)
