"""The columns of a Parquet file, found without Spark in its footer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spark_etl.errors import CheckpointError, MissingDataError, StorageError
from spark_etl.parquet import file_ends, need_pyarrow, open_parquet
from spark_etl.schemas.damage import ENCRYPTED, EncryptedError, damaged, is_decrypted
from spark_etl.schemas.foreign import TWINS
from spark_etl.schemas.types import (
    DECIMAL,
    VOID,
    FileSchema,
    Type,
    UnnotedSchema,
    child_names,
    child_type,
    schema_from_spark,
    struct_type,
)
from spark_etl.storage import S3Settings

SPARK_SCHEMA_KEY = b"org.apache.spark.sql.parquet.row.metadata"
VARIANT_FIELDS = {"metadata", "value", "typed_value"}
PRIMITIVES = {
    "int8": "byte",
    "int16": "short",
    "int32": "integer",
    "int64": "long",
    "uint8": "short",
    "uint16": "integer",
    "uint32": "long",
    "uint64": "decimal(20,0)",
    "float": "float",
    "double": "double",
    "bool": "boolean",
    "string": "string",
    "large_string": "string",
    "string_view": "string",
    "binary_view": "binary",
    "binary": "binary",
    "large_binary": "binary",
    "date32[day]": "date",
    "date64[ms]": "date",
    "halffloat": "float16",
    "null": VOID,
}


PLAIN = {"byte", "short", "integer", "long", "float", "double", "boolean", "string", "date"}


@dataclass(frozen=True)
class Footer:
    """What the end of a Parquet file says.

    Attributes:
        columns: Its columns, as Spark reads them.
        rows: Its rows.
    """

    columns: FileSchema
    rows: int


def parquet_schema_reader(options: Mapping[str, Any]) -> Callable[[str], FileSchema | None] | None:
    """Returns the function that reads the columns of a Parquet file; None without pyarrow: then Spark finds them.

    Args:
        options: Those of Spark's reader, their names in small letters.
    """
    ignored = str(options.get("ignorecorruptfiles")).lower() == "true"
    try:
        need_pyarrow()
    except CheckpointError:
        return None

    def schema(path: str) -> FileSchema | None:
        try:
            return parquet_schema(path)
        except EncryptedError:
            if is_decrypted(options):
                return None
            raise
        except MissingDataError:
            if ignored:
                return None
            raise

    return schema


def parquet_schema(path: str) -> FileSchema:
    """Returns the columns of a Parquet file; see `read_footer`."""
    return read_footer(path).columns


def read_footer(path: str, settings: S3Settings | None = None) -> Footer:
    """Returns columns and rows of a Parquet file.

    Args:
        path: The file.
        settings: How to reach S3; from the environment if not given.

    Raises:
        MissingDataError: It is no whole Parquet file.
        EncryptedError: Its footer is encrypted.
    """
    import pyarrow as pa

    try:
        with open_parquet(path, settings) as file:
            noted, own, rows = _spark_schema(file), _arrow_schema(file), file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        first, last = _ends(path, settings)
        if last.endswith(ENCRYPTED):
            raise EncryptedError(path) from error
        raise damaged(path, first, last, str(error).splitlines()[0][:200]) from error
    if not own:
        raise MissingDataError(f"{path} has no columns", hint="write it again, or leave it out of the path")
    if noted is None:
        return Footer(own, rows)
    fits = _is_note_of(struct_type(noted), struct_type(own))
    return Footer(noted if fits else UnnotedSchema(own), rows)


def _is_note_of(noted: Type, own: Type) -> bool:
    """Returns whether a note of Spark's fits a file: other programs copy it into files of other columns."""
    if isinstance(noted, str) and isinstance(own, str):
        plain = {noted, own} <= PLAIN or (DECIMAL.fullmatch(noted) and DECIMAL.fullmatch(own))
        return noted == own or not plain
    if isinstance(noted, str) or isinstance(own, str):
        return True  # a type that only Spark knows, such as VARIANT
    names = child_names([noted, own])
    pairs = [(child_type(noted, name), child_type(own, name)) for name in names]
    return all(one is not None and other is not None and _is_note_of(one, other) for one, other in pairs)


def _ends(path: str, settings: S3Settings | None) -> tuple[bytes, bytes]:
    try:
        return file_ends(path, settings=settings)
    except OSError as error:
        raise StorageError(f"{path} can't be read: {error}") from error


def _spark_schema(file: Any) -> FileSchema | None:
    """Returns the columns as Spark has noted them in the footer; None if it has not, or as nobody can read it."""
    written = (file.metadata.metadata or {}).get(SPARK_SCHEMA_KEY)
    try:
        return schema_from_spark(json.loads(written)) if written else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # Spark ignores it, too


def _arrow_schema(file: Any) -> FileSchema:
    variants = frozenset({"variant"} if "(Variant(" in str(file.schema) else ())
    marks = variants | ({"int96"} if _has_int96(file) else set())
    return _fields(((field.name, field.type) for field in file.schema_arrow), marks)


def _fields(fields: Iterable[tuple[str, Any]], marks: frozenset[str]) -> FileSchema:
    """Returns the columns; of several whose names Spark can't tell apart, the first, with a type that says so."""
    found: dict[str, tuple[str, Type]] = {}
    for name, kind in fields:
        twin, _ = found.get(name.lower(), (name, ""))
        twins = f"{TWINS} which Spark can't tell apart, `{twin}` and `{name}`,"
        found[name.lower()] = (twin, twins) if name.lower() in found else (name, _of_arrow(kind, marks))
    return dict(found.values())


def _has_int96(file: Any) -> bool:
    """Returns whether timestamps are INT96, as Spark and Impala once wrote them: in UTC, which the file doesn't say."""
    return any(file.schema.column(i).physical_type == "INT96" for i in range(len(file.schema)))


def _of_arrow(kind: Any, marks: frozenset[str]) -> Type:
    import pyarrow as pa
    from pyarrow import types

    if isinstance(kind, pa.BaseExtensionType):
        return "uuid" if kind.extension_name == "arrow.uuid" else _of_arrow(kind.storage_type, marks)
    if types.is_struct(kind):
        fields = [kind.field(position) for position in range(kind.num_fields)]
        names = {field.name for field in fields}
        if "variant" in marks and "metadata" in names and names <= VARIANT_FIELDS:
            return "variant"
        return struct_type(_fields(((field.name, field.type) for field in fields), marks))
    if types.is_map(kind):
        return {
            "type": "map",
            "keyType": _of_arrow(kind.key_type, marks),
            "valueType": _of_arrow(kind.item_type, marks),
        }
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list, types.is_list_view)
    if any(is_list(kind) for is_list in lists):
        return {"type": "array", "elementType": _of_arrow(kind.value_type, marks)}
    return _primitive(kind.value_type if types.is_dictionary(kind) else kind, "int96" in marks)


def _primitive(kind: Any, int96: bool) -> str:
    from pyarrow import types

    if types.is_duration(kind):
        return "long"  # as Spark reads it: Parquet has no such type
    if types.is_timestamp(kind) and kind.unit != "ns":
        return "timestamp" if kind.tz or int96 else "timestamp_ntz"
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return "binary" if types.is_fixed_size_binary(kind) else PRIMITIVES.get(str(kind), str(kind))
