"""The columns of a file, found without Spark: in Parquet's footer, in CSV's header."""

from __future__ import annotations

import bz2
import csv
import io
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from spark_etl.errors import CheckpointError, MissingDataError
from spark_etl.parquet import need_pyarrow, open_parquet
from spark_etl.sources.types import VOID, FileSchema, Type, schema_from_spark, struct_type
from spark_etl.storage import storage_for

SPARK_SCHEMA_KEY = b"org.apache.spark.sql.parquet.row.metadata"
# Few bytes first, as there may be thousands of files; more where a header is longer, or comments are.
FIRST_BYTES, HEADER_BYTES, SURE_LINES = 1 << 14, 1 << 20, 50
UNPACKED: dict[str, Callable[[], Any]] = {"gz": lambda: zlib.decompressobj(31), "bz2": bz2.BZ2Decompressor}
PACKED = {"zst", "snappy", "lz4", "deflate", "xz"}
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
    "null": VOID,
}


def no_schema(path: str) -> FileSchema | None:  # noqa: ARG001 - one of several
    """Returns None: the columns of such files are not compared."""
    return None


def parquet_schema_reader(*, damaged: bool = False) -> Callable[[str], FileSchema | None] | None:
    """Returns the function that reads the columns of a Parquet file; None without pyarrow: then Spark finds them.

    Args:
        damaged: Leave files out of it that are no Parquet.
    """
    try:
        need_pyarrow()
    except CheckpointError:
        return None
    return lambda path: parquet_schema(path, damaged=damaged)


def parquet_schema(path: str, *, damaged: bool = False) -> FileSchema | None:
    """Returns the columns of a Parquet file; None if it is encrypted.

    Args:
        path: The file.
        damaged: Return None for a file that is no Parquet, too.

    Raises:
        MissingDataError: It is no whole Parquet file.
    """
    import pyarrow as pa

    try:
        with open_parquet(path) as file:
            written = (file.metadata.metadata or {}).get(SPARK_SCHEMA_KEY)
            if written:
                return schema_from_spark(json.loads(written))
            return {field.name: _of_arrow(field.type, _has_int96(file)) for field in file.schema_arrow}
    except (pa.ArrowException, OSError, ValueError) as error:
        if damaged or "encrypt" in str(error).lower():
            return None
        raise MissingDataError(
            f"{path} is no whole Parquet file: {str(error).splitlines()[0][:200]}",
            hint="write it anew, or leave it out of the path; options={'ignoreCorruptFiles': True} reads what is whole",
        ) from error


def _has_int96(file: Any) -> bool:
    """Returns whether timestamps are INT96, as Spark and Impala once wrote them: in UTC, which the file doesn't say."""
    return any(file.schema.column(i).physical_type == "INT96" for i in range(len(file.schema)))


def _of_arrow(kind: Any, int96: bool) -> Type:
    from pyarrow import types

    if types.is_struct(kind):
        fields = [kind.field(position) for position in range(kind.num_fields)]
        return struct_type({field.name: _of_arrow(field.type, int96) for field in fields})
    if types.is_map(kind):
        return {
            "type": "map",
            "keyType": _of_arrow(kind.key_type, int96),
            "valueType": _of_arrow(kind.item_type, int96),
        }
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return {"type": "array", "elementType": _of_arrow(kind.value_type, int96)}
    return _primitive(kind.value_type if types.is_dictionary(kind) else kind, int96)


def _primitive(kind: Any, int96: bool) -> str:
    from pyarrow import types

    if types.is_duration(kind):
        return "long"  # as Spark reads it: Parquet has no such type
    if types.is_timestamp(kind) and kind.unit != "ns":
        return "timestamp" if kind.tz or int96 else "timestamp_ntz"
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return "binary" if types.is_fixed_size_binary(kind) else PRIMITIVES.get(str(kind), str(kind))


def csv_schema(path: str, options: Mapping[str, Any]) -> FileSchema | None:
    """Returns the columns of a CSV file's header, all of them texts.

    Args:
        path: The file.
        options: Those of Spark's reader, their names in small letters.

    Returns:
        None if the header doesn't name them: the compression is unknown here, the header is too long or empty, or not
        every column has a name of its own, so that Spark makes names.
    """
    ending = path.rsplit(".", 1)[-1].lower()
    if ending in PACKED:
        return None
    encoding = str(options.get("encoding", options.get("charset", "utf-8"))).lower()
    try:
        text = _beginning(path, ending, FIRST_BYTES, encoding)
        if text.count("\n") < SURE_LINES:
            text = _beginning(path, ending, HEADER_BYTES, encoding)
    except (zlib.error, OSError, LookupError):
        return None
    names = _header(text, options)
    lowered = {name.lower() for name in names}
    whole = names and "" not in lowered and len(lowered) == len(names)
    return dict.fromkeys(names, "string") if whole else None


def _beginning(path: str, ending: str, most: int, encoding: str) -> str:
    content = storage_for(path).read(path, most=most) or b""
    if ending in UNPACKED:
        content = UNPACKED[ending]().decompress(content)
    return content.decode("utf-8-sig" if encoding in {"utf-8", "utf8"} else encoding, errors="replace")


def _header(text: str, options: Mapping[str, Any]) -> list[str]:
    comment = options.get("comment")
    separator = str(options.get("sep", options.get("delimiter", ","))).replace("\\t", "\t")
    lines = io.StringIO(text, newline="")
    start = next((line for line in lines if line.strip() and not (comment and line.startswith(comment))), "")
    try:
        rows = csv.reader(
            [start, *lines] if '"' in start else [start],
            delimiter=separator,
            quotechar=options.get("quote", '"') or None,
            quoting=csv.QUOTE_MINIMAL if options.get("quote", '"') else csv.QUOTE_NONE,
        )
        trims = any(str(options.get(f"ignore{side}whitespace")).lower() == "true" for side in ("leading", "trailing"))
        return [name.strip() if trims else name for name in next(rows, [])]
    except (csv.Error, TypeError):  # a separator of several letters: Spark has that, too
        return []
