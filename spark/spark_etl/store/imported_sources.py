"""`_sources.json`: the objects that the sources of an imported run had read, which came with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store import layout
from spark_etl.store.checks import SHA256, is_count, is_text

FORMAT = 1
LARGEST = 64 << 20


@dataclass(frozen=True)
class ImportedSource:
    """An object that came with an imported run.

    Attributes:
        original: Where it lay when the run read it.
        path: Where it lies now, below the run's folder.
        bytes: Its size.
        sha256: Of its content.
        etag: What it had where it lay; None where that was not known.
    """

    original: str
    path: str
    bytes: int
    sha256: str
    etag: str | None


def read_imported_sources(root: str, settings: S3Settings | None) -> tuple[ImportedSource, ...]:
    """Returns the objects that came with the run of that folder; see `StoredRun.imported_sources`."""
    path = join(root, layout.SOURCES_FILE)
    found = bounded_json.read(storage_for(path, settings).read, path, largest=LARGEST, in_objects=8 * LARGEST)
    if found is None:
        return ()
    if found.get("format") != FORMAT or not isinstance(found.get("objects"), list):
        raise DamagedError(f"{path} is damaged, or of a newer format than this spark_etl can read")
    return tuple(_source(item, path) for item in found["objects"])


def _source(item: Any, path: str) -> ImportedSource:
    checks = (is_text, _is_below_sources, is_count, _is_sha256, lambda etag: etag is None or is_text(etag))
    if not isinstance(item, list) or len(item) != len(checks):
        raise DamagedError(f"{path} is damaged: an object is no list of {len(checks)}")
    if not all(check(value) for check, value in zip(checks, item, strict=True)):
        raise DamagedError(f"{path} is damaged: an object has an invalid value")
    return ImportedSource(*item)


def _is_below_sources(value: Any) -> bool:
    return is_text(value) and value.startswith(f"{layout.SOURCES_FOLDER}/") and ".." not in value.split("/")


def _is_sha256(value: Any) -> bool:
    return is_text(value) and SHA256.fullmatch(value) is not None
