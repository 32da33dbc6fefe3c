"""The checkpoints that a notebook has read: whether they are still there and the same, and the pins that keep them."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from minio.error import MinioException, S3Error
from spark_etl import documents
from spark_etl.errors import DamagedError
from spark_etl.store.digest import files_digest
from urllib3.exceptions import HTTPError

from minio import Minio
from sandbox_hub.keys.s3_keys import Key, http_pool, minio_client
from sandbox_hub.shelf.store import Record

MANIFEST = "_manifest.json"
UNCHANGED, CHANGED, GONE = "unchanged", "changed", "gone"
# Of a manifest, which whoever has the prefix may write: 40,000 files. Larger ones are not checked here.
MAX_MANIFEST_BYTES, MAX_PARSED_BYTES, MAX_LISTED_OBJECTS = 8 << 20, 24 << 20, 200_000
TOO_LARGE = "too large to be checked here"
# Pages that ask the store at a time: each may hold such a manifest.
MAX_CONCURRENT = 2
# How long a page waits: a notebook may name a thousand checkpoints, each with such a manifest.
TIMEOUT_SECONDS = 10.0
NOT_CHECKED = "not checked: that takes too long"
# What a store that does not answer raises; ValueError: it gives no keys.
STORE_ERRORS = (HTTPError, MinioException, ValueError)
PIN_PATH = "s3a://scratch/users/{user}/{author}/{name}/v{version}.json"


class CheckpointStore:
    """The object store, through temporary keys of one user.

    Args:
        endpoint: URL of the S3 API.
        region: Its region.
        keys: Returns temporary keys of a user; called at each use.
        user: Whose keys, and below whose prefix the pins lie. It has no server.
    """

    def __init__(self, endpoint: str, region: str, keys: Callable[[str], Key], user: str) -> None:
        self._endpoint, self._region, self._keys, self._user = endpoint, region, keys, user
        self._slots = threading.Semaphore(MAX_CONCURRENT)

    def _client(self) -> Minio:
        return minio_client(self._endpoint, self._region, self._keys(self._user), http_pool())

    def states(self, reads: Sequence[dict[str, Any]]) -> dict[str, str]:
        """Returns path → `unchanged`, `changed`, `gone` or why that is not known, of the checkpoints that were read."""
        deadline, found = time.monotonic() + TIMEOUT_SECONDS, {str(read["path"]): NOT_CHECKED for read in reads}
        if not self._slots.acquire(timeout=TIMEOUT_SECONDS):
            return found
        try:
            client = self._client()
            for read in reads:
                if time.monotonic() > deadline:
                    break
                found[str(read["path"])] = _state(client, read)
        finally:
            self._slots.release()
        return found

    def pin(self, record: Record) -> str:
        """Writes the pin that keeps the checkpoints that a version read from being cleaned up; returns its path."""
        path = self._pin_path(record)
        checkpoints = [{key: read[key] for key in ("path", "run", "feature")} for read in record.reads]
        content = {
            "notebook": f"{record.author}/{record.name}/v{record.version}",
            "at": record.at,
            "checkpoints": checkpoints,
        }
        body = json.dumps(content, indent=1).encode()
        bucket, key = _split_s3_path(path)
        self._client().put_object(
            bucket_name=bucket,
            object_name=key,
            data=io.BytesIO(body),
            length=len(body),
            content_type="application/json",
        )
        return path

    def unpin(self, record: Record) -> None:
        """Deletes the pin of a version; another pin may still hold the same checkpoints."""
        bucket, key = _split_s3_path(self._pin_path(record))
        self._client().remove_object(bucket_name=bucket, object_name=key)

    def _pin_path(self, record: Record) -> str:
        return PIN_PATH.format(user=self._user, author=record.author, name=record.name, version=record.version)


def _state(client: Minio, read: dict[str, Any]) -> str:
    """Compares the manifest with what was read, and the files with the manifest."""
    bucket, key = _split_s3_path(str(read["path"]))
    manifest = _read_object(client, bucket, f"{key}/{MANIFEST}")
    if manifest is None:
        return GONE
    if len(manifest) > MAX_MANIFEST_BYTES:
        return TOO_LARGE
    try:
        files = _manifest_files(
            documents.parsed(manifest, MANIFEST, largest=MAX_MANIFEST_BYTES, in_objects=MAX_PARSED_BYTES)
        )
    except DamagedError:
        return CHANGED
    if files_digest(files) != read["files"]:
        return CHANGED
    wanted = {file["name"]: (file["bytes"], file.get("etag") or "") for file in files}
    listed = client.list_objects(bucket_name=bucket, prefix=f"{key}/", recursive=True)
    there = {
        name: (item.size, (item.etag or "").strip('"'))
        for item in islice(listed, MAX_LISTED_OBJECTS)
        if (name := str(item.object_name).removeprefix(f"{key}/")) in wanted
    }
    if not wanted.keys() <= there.keys():
        return GONE
    same = all(there[name][0] == size and (not tag or there[name][1] == tag) for name, (size, tag) in wanted.items())
    return UNCHANGED if same else CHANGED


def _manifest_files(manifest: Any) -> list[dict[str, Any]]:
    """Returns a manifest's list of files.

    Raises:
        DamagedError: It has none.
    """
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, list) or not all(
        isinstance(file, dict) and isinstance(file.get("name"), str) and isinstance(file.get("bytes"), int)
        for file in files
    ):
        raise DamagedError(f"{MANIFEST} names no files")
    return files


def _read_object(client: Minio, bucket: str, key: str) -> bytes | None:
    """Returns an object, of a large one a byte more than it may have; None if there is none."""
    try:
        response = client.get_object(bucket_name=bucket, object_name=key)
    except S3Error as error:
        if error.code in {"NoSuchKey", "NoSuchBucket"}:
            return None
        raise
    try:
        return bytes(response.read(MAX_MANIFEST_BYTES + 1))
    finally:
        response.close()
        response.release_conn()


def _split_s3_path(path: str) -> tuple[str, str]:
    parts = urlsplit(path)
    return parts.netloc, parts.path.strip("/")
