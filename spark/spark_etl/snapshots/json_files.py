"""JSON files: as which types their fields are read, and numbers with more digits than DuckDB reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spark_etl.errors import ArgumentError
from spark_etl.printable import printable
from spark_etl.reading.duck import identifier, text
from spark_etl.snapshots.inputs import Inputs, is_compressed, opened
from spark_etl.storage.base import CHUNK

LARGEST_OBJECT, SMALLEST_OBJECT = 256 << 20, 1 << 20  # bytes of one object
ALL_OBJECTS = 1 << 30  # DuckDB holds twice as much as the largest object for each file
RENAMED = re.compile(r"(.+)_\d+", re.DOTALL)
# What DuckDB would write otherwise: `09:30` as `09:30:00`, 9007199254740993 beside 0.5 as 9007199254740992.
AS_TEXT = {"DOUBLE", "UUID", "TIME", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "VARCHAR", '"NULL"'}
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|-?[0-9][0-9.eE+-]*', re.DOTALL)
EXACT_DIGITS = 15  # that a double always keeps


def json_arguments(inputs: Inputs) -> dict[str, str]:
    """Returns the arguments of `read_json`: all rows are looked at for their types."""
    largest = max(_whole_size(path, file.size) for path, file in zip(inputs.paths, inputs.files, strict=True))
    most = min(LARGEST_OBJECT, max(SMALLEST_OBJECT, ALL_OBJECTS // len(inputs.paths)))
    return {
        "records": "'true'",
        "sample_size": "-1",
        "maximum_depth": "-1",
        "map_inference_threshold": "-1",
        "maximum_object_size": str(min(most, max(SMALLEST_OBJECT, largest + 1))),
        "union_by_name": "true",
        "hive_partitioning": "false",
    }


def _whole_size(path: Path, size: int) -> int:
    if not is_compressed(path.name):
        return max(size, path.stat().st_size)
    total = 0
    with opened(path) as stream:
        while total < LARGEST_OBJECT and (chunk := stream.read(CHUNK)):
            total += len(chunk)
    return total


def json_columns(kinds: Mapping[str, Any], chosen: Collection[str]) -> tuple[str, set[str]]:
    """Returns the argument `columns` of `read_json`, and the columns that are read as texts.

    Args:
        kinds: Column → its type, as DuckDB's Python API has it.
        chosen: The columns that the user has given a type.
    """
    texts = {
        name for name, kind in kinds.items() if str(kind) in AS_TEXT or (name in chosen and str(kind) != "BOOLEAN")
    }
    types = {name: "VARCHAR" if name in texts else _type_in_file(kind) for name, kind in kinds.items()}
    return f"{{{', '.join(f'{identifier(name)}: {text(kind)}' for name, kind in types.items())}}}", texts


def _type_in_file(kind: Any) -> str:
    """Returns a type as it is read: what Spark lacks and a text holds is a text in the files, and stays as it is."""
    if str(kind) == "JSON":
        return "JSON"
    if kind.id in {"uuid", "time", "null"}:
        return "VARCHAR"
    if kind.id in {"list", "array"}:
        return f"{_type_in_file(dict(kind.children)['child'])}[]"
    if kind.id == "map":
        return f"MAP({', '.join(_type_in_file(dict(kind.children)[part]) for part in ('key', 'value'))})"
    if kind.id == "struct":
        return f"STRUCT({', '.join(f'{identifier(name)} {_type_in_file(inner)}' for name, inner in kind.children)})"
    return str(kind)


def with_exact_numbers(inputs: Inputs, folder: Path) -> Inputs:
    """Returns files in which long numbers with a fraction are texts: DuckDB reads them as doubles, even for a text.

    Files without such numbers stay as they are.
    """
    paths: list[Path] = []
    for number, path in enumerate(inputs.paths):
        copy, is_other = folder / f"exact-{number}.txt", False
        with copy.open("wb") as target:
            for piece in _pieces(path):
                quoted = TOKEN.sub(_quoted, piece)
                is_other = is_other or quoted != piece
                target.write(quoted)
        if not is_other:
            copy.unlink()
        paths.append(copy if is_other else path)
    return Inputs(inputs.kind, inputs.files, paths)


def _pieces(path: Path) -> Iterator[bytes]:
    """Yields the bytes of a file in pieces that end between two tokens."""
    rest = b""
    with opened(path) as stream:
        while chunk := bytes(stream.read(CHUNK)):
            rest += chunk
            last: Sequence[int] = (0, 0)
            for match in TOKEN.finditer(rest):
                last = match.span()
            end = last[0] if last[1] == len(rest) else len(rest)
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _quoted(match: re.Match[bytes]) -> bytes:
    token = match[0]
    is_fraction = not token.startswith(b'"') and any(mark in token for mark in b".eE")
    digits = re.split(rb"[eE]", token)[0].translate(None, b"+-.").lstrip(b"0")
    return b'"' + token + b'"' if is_fraction and len(digits) > EXACT_DIGITS else token


def refuse_renamed(columns: Mapping[str, Any], inputs: Inputs) -> None:
    """Refuses fields of JSON whose names differ in small and capital letters only: DuckDB gives the second another.

    Raises:
        ArgumentError: Names both.
    """
    lowered = {name.lower(): name for name in columns}
    for name in columns:
        match = RENAMED.fullmatch(name)
        twin = lowered.get(match[1].lower()) if match else None
        if match and twin and not _has_text(inputs, f'"{name}"'):
            raise ArgumentError(
                printable(f"`{twin}` and `{match[1]}` are one column for Spark, and two in the files", one_line=True),
                hint="write the field alike in all objects",
            )


def _has_text(inputs: Inputs, wanted: str) -> bool:
    sought = wanted.encode(errors="surrogateescape")
    for path in inputs.paths:
        rest = b""
        with opened(path) as stream:
            while chunk := bytes(stream.read(CHUNK)):
                if sought in rest + chunk:
                    return True
                rest = chunk[-len(sought) :]
    return False
