"""Whether a checkpoint that was read once is still there, and still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Literal

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.storage import S3Settings, join, relative_to, storage_for
from spark_etl.store.layout import MANIFEST_FILE
from spark_etl.store.manifest import is_data_folder

CheckpointState = Literal["unchanged", "changed", "gone", "too large"]
# Of a manifest, which whoever has the prefix may write: 40,000 files.
LARGEST, IN_OBJECTS, MOST_OBJECTS = 8 << 20, 24 << 20, 200_000


def files_digest(files: Sequence[Mapping[str, Any]]) -> str:
    """Returns the SHA-256 of a manifest's list of files: names, rows, sizes and ETags.

    Args:
        files: As in `_manifest.json`. The digest is kept in records for good, so its input never changes.
    """
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def checkpoint_state(folder: str, digest: str, settings: S3Settings | None = None) -> CheckpointState:
    """Compares a checkpoint's manifest with what was read, and its files, wherever they lie, with the manifest.

    Args:
        folder: The checkpoint's.
        digest: `files_digest` of what was read.
        settings: How to reach S3; from the environment if not given.

    Returns:
        `too large` where the manifest has more than 8 MB: it is not looked at.
    """
    path = join(folder, MANIFEST_FILE)
    store = storage_for(path, settings)
    content = store.read(path, most=LARGEST + 1)
    if content is None:
        return "gone"
    if len(content) > LARGEST:
        return "too large"
    try:
        manifest = bounded_json.parse(content, path, largest=LARGEST, in_objects=IN_OBJECTS)
        files, data_folder = _files(manifest), _files_folder(manifest, folder)
    except DamagedError:
        return "changed"
    if files_digest(files) != digest:
        return "changed"
    wanted = {file["name"]: (file["bytes"], file.get("etag")) for file in files}
    listed = islice(storage_for(data_folder, settings).walk(data_folder), MOST_OBJECTS)
    there = {relative_to(item.path, data_folder): item for item in listed}
    if not wanted.keys() <= there.keys():
        return "gone"
    same = all(
        there[name].size == size and (not etag or there[name].has_content(str(etag)))
        for name, (size, etag) in wanted.items()
    )
    return "unchanged" if same else "changed"


def _files_folder(manifest: dict[str, Any], folder: str) -> str:
    """Returns where the files of a manifest lie; see `Manifest.files_folder`.

    Raises:
        DamagedError: Nothing may lie there.
    """
    known = manifest.get("data_folder")
    if known is not None and not is_data_folder(known, folder):
        raise DamagedError(f"{MANIFEST_FILE}: `data_folder` has an invalid value")
    return folder if known is None else str(known)


def _files(manifest: Any) -> list[dict[str, Any]]:
    """Returns what a manifest says of its files.

    Raises:
        DamagedError: It is none.
    """
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, list) or not all(
        isinstance(file, dict) and isinstance(file.get("name"), str) and isinstance(file.get("bytes"), int)
        for file in files
    ):
        raise DamagedError(f"{MANIFEST_FILE} names no files")
    return files
