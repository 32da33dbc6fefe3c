"""Columns of Parquet files that a schema gives a type which does not hold their values."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from spark_etl.schemas.footers import parquet_schema
from spark_etl.schemas.types import NoCommonTypeError, common_type, describe_type
from spark_etl.sources.faults import Fault

SQL_NAMES = {"tinyint": "byte", "smallint": "short", "int": "integer", "bigint": "long", "decimal": "decimal(10,0)"}


def find_type_fault(path: str, declared: Mapping[str, str]) -> Fault | None:
    """Returns the first column of a file that a schema gives a type which does not hold its values; None without any.

    Args:
        path: The file.
        declared: Column → type, as in `CREATE TABLE`, in small letters.
    """
    own = {name.lower(): kind for name, kind in parquet_schema(path).items()}
    for name, text in declared.items():
        found, wanted = own.get(name.lower()), SQL_NAMES.get(text, text.replace(" ", ""))
        if not isinstance(found, str) or found == wanted or {found, wanted} <= {"timestamp", "timestamp_ntz"}:
            continue
        with suppress(NoCommonTypeError):
            if common_type(found, wanted) == wanted:
                continue
        kind = describe_type(found)
        hint = f"declare it so in schema= (`{name} {kind}`), and cast it in the feature"
        return Fault(f"{path}: column `{name}` is {kind}, and {text} in the schema", hint)
    return None
