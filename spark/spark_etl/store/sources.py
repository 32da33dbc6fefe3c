"""`_sources.json`: the objects that the sources of an imported run had read, and where they lie below its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.store.checks import SHA256, is_count, is_text
from spark_etl.store.layout import SOURCES_FOLDER

FORMAT = 1
# Of some hundred thousand objects: 300 bytes each.
LARGEST = 256 << 20
SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9]*)://?/?(?P<rest>.+)", re.DOTALL)


@dataclass(frozen=True)
class ImportedSource:
    """An object that a source of an imported run had read, and that came along.

    Attributes:
        original_path: Where it was read: as `_inputs.json` names it.
        path: Where it lies, below the run's folder.
        bytes: Its size here; of a sample, less than the run had read.
        sha256: Of its content here.
        etag: What it had where it was read; None where that is not known.
    """

    original_path: str
    path: str
    bytes: int
    sha256: str
    etag: str | None


def source_path(original: str) -> str:
    """Returns where an object of a source lies below the folder of an imported run.

    `s3a://published/orders/x.parquet` is `_sources/s3a/published/orders/x.parquet`, `file:///data/x` is
    `_sources/file/data/x`.

    Raises:
        DamagedError: It is no path of an object.
    """
    found = SCHEME.fullmatch(original)
    if found is None:
        raise DamagedError(f"{original!r:.200} is no path of an object")
    return f"{SOURCES_FOLDER}/{found['scheme']}/{found['rest'].lstrip('/')}"


def dump_sources(sources: Iterable[ImportedSource]) -> bytes:
    """Returns the list of objects as it is stored."""
    objects = [[each.original_path, each.path, each.bytes, each.sha256, each.etag] for each in sources]
    return json.dumps({"format": FORMAT, "objects": objects}).encode()


def parse_sources(content: bytes, path: str) -> tuple[ImportedSource, ...]:
    """Returns a stored list of objects.

    Raises:
        DamagedError: It can't be read, is of a newer format, or an object lies elsewhere than it has to.
    """
    found = bounded_json.parse(content, path, largest=LARGEST, in_objects=4 * LARGEST, in_memory=4 * LARGEST)
    try:
        if int(found["format"]) > FORMAT:
            raise DamagedError(f"{path} is of a newer format than this spark_etl can read", hint="update spark_etl")
        return tuple(_source(item) for item in found["objects"])
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _source(item: Any) -> ImportedSource:
    original, path, size, sha256, etag = item
    known = is_text(original) and is_count(size) and is_text(sha256) and SHA256.fullmatch(sha256)
    if not known or not (etag is None or is_text(etag)):
        raise ValueError("an object has an invalid value")
    if path != source_path(original) or {"", ".", ".."} & set(path.split("/")) or "\0" in path:
        raise ValueError(f"`{path}` is not where {original!r:.200} lies")
    return ImportedSource(original, path, size, sha256, etag)
