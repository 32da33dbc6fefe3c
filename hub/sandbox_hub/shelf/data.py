"""Whether what a notebook read is still there, and still the same; and the pins that keep it from being cleaned up."""

from __future__ import annotations

import hashlib
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
from urllib3.exceptions import HTTPError

from minio import Minio
from sandbox_hub.s3_keys import Key, minio_client, pool
from sandbox_hub.shelf.store import Record

MANIFEST = "_manifest.json"
UNCHANGED, CHANGED, GONE = "unchanged", "changed", "gone"
# Of a manifest, which whoever has the prefix may write: 40,000 files. Larger ones are looked at by nobody here.
LARGEST, IN_OBJECTS, MOST_OBJECTS = 8 << 20, 24 << 20, 200_000
TOO_LARGE = "too large to be checked here"
# Pages that look at the store at a time: each may hold such a manifest.
AT_A_TIME = 2
# What a page is worth of waiting: a notebook may name a thousand checkpoints, each with such a manifest.
SECONDS = 10.0
NOT_LOOKED_AT = "not looked at: that takes too long"
# What using a store that is away raises; ValueError: it gives no keys.
AWAY = (HTTPError, MinioException, ValueError)
PIN = "s3a://scratch/users/{user}/{author}/{name}/v{version}.json"


class Data:
    """The object store, through temporary keys of one user.

    Args:
        endpoint: URL of the S3 API.
        region: Its region.
        keys: Returns temporary keys; asked for at each use.
        user: Whose keys, and below whose prefix the pins lie: nobody's who has a server.
    """

    def __init__(self, endpoint: str, region: str, keys: Callable[[str], Key], user: str) -> None:
        self._endpoint, self._region, self._keys, self._user = endpoint, region, keys, user
        self._turn = threading.Semaphore(AT_A_TIME)

    def _client(self) -> Minio:
        return minio_client(self._endpoint, self._region, self._keys(self._user), pool())

    def states(self, reads: Sequence[dict[str, Any]]) -> dict[str, str]:
        """Returns path → `unchanged`, `changed`, `gone` or why it can't be told, of the checkpoints that were read."""
        deadline, found = time.monotonic() + SECONDS, {str(read["path"]): NOT_LOOKED_AT for read in reads}
        if not self._turn.acquire(timeout=SECONDS):
            return found
        try:
            client = self._client()
            for read in reads:
                if time.monotonic() > deadline:
                    break
                found[str(read["path"])] = _state(client, read)
        finally:
            self._turn.release()
        return found

    def pin(self, record: Record) -> str:
        """Keeps the checkpoints that a version read from being cleaned up; returns where that is written."""
        where = self._pin_of(record)
        checkpoints = [{key: read[key] for key in ("path", "run", "feature")} for read in record.reads]
        content = {
            "notebook": f"{record.author}/{record.name}/v{record.version}",
            "at": record.at,
            "checkpoints": checkpoints,
        }
        body = json.dumps(content, indent=1).encode()
        bucket, key = _split(where)
        self._client().put_object(
            bucket_name=bucket,
            object_name=key,
            data=io.BytesIO(body),
            length=len(body),
            content_type="application/json",
        )
        return where

    def unpin(self, record: Record) -> None:
        """Gives the checkpoints that a version read free, as far as no other pin holds them."""
        bucket, key = _split(self._pin_of(record))
        self._client().remove_object(bucket_name=bucket, object_name=key)

    def _pin_of(self, record: Record) -> str:
        return PIN.format(user=self._user, author=record.author, name=record.name, version=record.version)


def _state(client: Minio, read: dict[str, Any]) -> str:
    """Compares the manifest with what was read, and the files with the manifest."""
    bucket, key = _split(str(read["path"]))
    manifest = _read(client, bucket, f"{key}/{MANIFEST}")
    if manifest is None:
        return GONE
    if len(manifest) > LARGEST:
        return TOO_LARGE
    try:
        files = _files(documents.parsed(manifest, MANIFEST, largest=LARGEST, in_objects=IN_OBJECTS))
    except DamagedError:
        return CHANGED
    if hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest() != read["files"]:
        return CHANGED
    wanted = {file["name"]: (file["bytes"], file.get("etag") or "") for file in files}
    listed = client.list_objects(bucket_name=bucket, prefix=f"{key}/", recursive=True)
    there = {
        name: (item.size, (item.etag or "").strip('"'))
        for item in islice(listed, MOST_OBJECTS)
        if (name := str(item.object_name).removeprefix(f"{key}/")) in wanted
    }
    if not wanted.keys() <= there.keys():
        return GONE
    same = all(there[name][0] == size and (not tag or there[name][1] == tag) for name, (size, tag) in wanted.items())
    return UNCHANGED if same else CHANGED


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
        raise DamagedError(f"{MANIFEST} names no files")
    return files


def _read(client: Minio, bucket: str, key: str) -> bytes | None:
    """Returns an object, of a large one a byte more than it may have; None if there is none."""
    try:
        response = client.get_object(bucket_name=bucket, object_name=key)
    except S3Error as error:
        if error.code in {"NoSuchKey", "NoSuchBucket"}:
            return None
        raise
    try:
        return bytes(response.read(LARGEST + 1))
    finally:
        response.close()
        response.release_conn()


def _split(path: str) -> tuple[str, str]:
    parts = urlsplit(path)
    return parts.netloc, parts.path.strip("/")
