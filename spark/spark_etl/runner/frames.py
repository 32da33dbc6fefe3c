"""Checks of what a feature returned: what Parquet can't hold is refused by name before anything is computed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from spark_etl.errors import FeatureError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HOLDS_VOID = (4, 1)
CALENDAR = re.compile(r"\binterval\b(?! (year|month|day|hour|minute|second))")


def checked_frame(alias: str, value: Any, spark: Any) -> DataFrame:
    """Returns the value if it is a DataFrame of this session.

    Raises:
        FeatureError: It is something else, or that of another server.
    """
    from pyspark.sql import DataFrame

    if isinstance(value, DataFrame):
        is_remote = type(value).__module__.startswith("pyspark.sql.connect")
        if is_remote and value.sparkSession is not spark:
            raise FeatureError(
                alias,
                "transform() returned a DataFrame of another Spark session",
                hint="use the `spark` that it is given",
            )
        return value
    what = "nothing" if value is None else f"a {type(value).__module__}.{type(value).__qualname__}"
    hint = (
        "does it end with `return`?" if value is None else "spark.createDataFrame(…) makes one of pandas, Arrow or rows"
    )
    raise FeatureError(alias, f"transform() returned {what}, not a DataFrame of Spark", hint=hint)


def check_writable(alias: str, frame: DataFrame) -> None:
    """Refuses what Parquet can't hold, at any depth.

    Rules:
        1. There is a column, and no structure without fields.
        2. Names differ, also in more than their case.
        3. No calendar interval; those of years and months, and of days and seconds, are fine.
        4. No column without a type, which is one whose values are all NULL, before Spark 4.1.

    Raises:
        FeatureError: One is broken; the columns are named, and the expression that helps.
    """
    schema = frame.schema
    _check_empty(alias, schema)
    _check_names(alias, schema)
    spark_version = tuple(int(part) for part in re.findall(r"\d+", frame.sparkSession.version)[:2])
    refused = {"interval": "a calendar interval"}
    if spark_version < HOLDS_VOID:
        refused["void"] = "no type, as all its values are NULL"
    for field in schema.fields:
        for path, kind in _nested_types(f"`{field.name}`", field.dataType):
            if kind.typeName() in refused:
                raise FeatureError(
                    alias,
                    f"{path} has {refused[kind.typeName()]}; Parquet can't hold that",
                    hint=f"give it another type: {_cast(field)}",
                )


def _check_empty(alias: str, schema: Any) -> None:
    if not schema.fields:
        raise FeatureError(alias, "it has no column; Parquet can't hold that", hint="select at least one column")
    for field in schema.fields:
        for path, kind in _nested_types(f"`{field.name}`", field.dataType):
            if kind.typeName() == "struct" and not kind.fields:
                raise FeatureError(
                    alias, f"{path} is a struct without fields; Parquet can't hold that", hint=f"drop({field.name!r})"
                )


def _check_names(alias: str, schema: Any) -> None:
    structures = [("", schema)]
    structures += [part for field in schema.fields for part in _nested_types(f"`{field.name}`", field.dataType)]
    for path, kind in structures:
        duplicates = _duplicates(kind) if kind.typeName() == "struct" else []
        if duplicates:
            inside = f" in {path}" if path else ""
            raise FeatureError(
                alias,
                f"more than one column{inside} is called {', '.join(f'`{name}`' for name in duplicates)}; "
                "Parquet can't hold that",
                hint="drop or rename one of them, for instance by join(other, on='key')",
            )


def _duplicates(structure: Any) -> list[str]:
    counted = Counter(name.lower() for name in structure.fieldNames())
    return sorted(name for name, times in counted.items() if times > 1)


def _nested_types(path: str, kind: Any) -> Iterator[tuple[str, Any]]:
    """Yields a column's type and all types in it, each with its path: `a`.items.element."""
    yield path, kind
    name = kind.typeName()
    if name == "struct":
        for field in kind.fields:
            yield from _nested_types(f"{path}.{field.name}", field.dataType)
    elif name == "array":
        yield from _nested_types(f"{path}.element", kind.elementType)
    elif name == "map":
        yield from _nested_types(f"{path}.key", kind.keyType)
        yield from _nested_types(f"{path}.value", kind.valueType)


def _cast(field: Any) -> str:
    """Returns the expression that makes of a column one that Parquet holds."""
    kind = CALENDAR.sub("string", field.dataType.simpleString().replace("void", "string"))
    return f"withColumn({field.name!r}, F.col({_quoted(field.name)!r}).cast({kind!r}))"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else f"`{name.replace('`', '``')}`"
