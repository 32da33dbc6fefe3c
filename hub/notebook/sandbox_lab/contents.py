"""Buckets, folders and objects in the format of Jupyter's contents API."""

from __future__ import annotations

import base64
import itertools
import mimetypes
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from spark_etl import bounded_json
from spark_etl.storage import Entry, StoredObject, name_of, normalise, storage_for
from spark_etl.units import format_bytes

from sandbox_lab.errors import RefusedError, translate_errors

MOST_ENTRIES = 5000
LARGEST = 10_000_000
UNKNOWN_TIME = "1970-01-01T00:00:00Z"


def contents(path: str, buckets: Sequence[str], *, content: bool = True) -> dict[str, Any]:
    """Returns a folder or an object.

    Args:
        path: `bucket/key`; empty for the list of buckets.
        buckets: Those that are shown.
        content: Whether to read the object too.

    Raises:
        RefusedError: There is no such thing, or it is too large for a browser.
    """
    path = "/".join(part for part in path.split("/") if part)
    if not path:
        return _folder("", [_model(name, "directory") for name in buckets])
    if path.split("/")[0] not in buckets:
        raise RefusedError(404, f"no bucket `{path.split('/')[0]}` is shown here", f"shown: {', '.join(buckets)}")
    with translate_errors(path):
        place = normalise(f"s3a://{path}")
        stored = storage_for(place).find(place)
        if stored is not None:
            return _object(path, stored, content=content)
        return _listing(path, place)


def _listing(path: str, place: str) -> dict[str, Any]:
    items = list(itertools.islice(storage_for(place).entries(place), MOST_ENTRIES + 1))
    if not items and "/" in path:
        raise RefusedError(404, f"nothing lies at {place}", "it may have been deleted: refresh the browser")
    entries = [_entry(path, item) for item in items[:MOST_ENTRIES] if item.name]
    return {**_folder(path, entries), "truncated": MOST_ENTRIES if len(items) > MOST_ENTRIES else None}


def _entry(path: str, item: Entry) -> dict[str, Any]:
    kind = "directory" if item.is_folder else "file"
    return _model(f"{path}/{item.name}", kind, size=item.size, modified=item.modified)


def _folder(path: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {**_model(path, "directory"), "format": "json", "content": entries}


def _object(path: str, stored: StoredObject, *, content: bool) -> dict[str, Any]:
    notebook = path.endswith(".ipynb")
    model = _model(path, "notebook" if notebook else "file", size=stored.size)
    if not content:
        return model
    if stored.size > LARGEST:
        raise RefusedError(
            413,
            f"{name_of(path)} has {format_bytes(stored.size)}; "
            f"at most {format_bytes(LARGEST)} are opened in the browser",
            f"read {stored.path} in a notebook",
        )
    read = storage_for(stored.path).read(stored.path) or b""
    try:
        text = read.decode()
    except UnicodeDecodeError:
        return {**model, "format": "base64", "content": base64.b64encode(read).decode()}
    if notebook:
        return {**model, "format": "json", "content": bounded_json.parse(text, path, finite=False)}
    return {**model, "format": "text", "content": text}


def object_model(path: str, size: int) -> dict[str, Any]:
    """Returns an object that was just written, without its content."""
    return _model(path, "file", size=size)


def _model(path: str, kind: str, *, size: int | None = None, modified: datetime | None = None) -> dict[str, Any]:
    """Returns the fields that the contents API has for files and folders alike, without content."""
    return {
        "name": name_of(path),
        "path": path,
        "type": kind,
        "mimetype": None if kind == "directory" else mimetypes.guess_type(path)[0],
        "format": None,
        "content": None,
        "writable": False,
        "created": UNKNOWN_TIME,
        "last_modified": modified.isoformat() if modified else None,
        "size": size,
    }
