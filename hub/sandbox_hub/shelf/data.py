"""Whether what a notebook read is still there, and still the same; and the pins that keep it from being cleaned up."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from minio import Minio
from sandbox_hub.s3_keys import Key, minio_client, pool
from sandbox_hub.shelf.store import Record

MANIFEST = "_manifest.json"
UNCHANGED, CHANGED, GONE = "unchanged", "changed", "gone"
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

    def _client(self) -> Minio:
        return minio_client(self._endpoint, self._region, self._keys(self._user), pool())

    def states(self, reads: Iterable[dict[str, Any]]) -> dict[str, str]:
        """Returns path → `unchanged`, `changed` or `gone` of the checkpoints that were read."""
        client = self._client()
        return {str(read["path"]): _state(client, read) for read in reads}

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
    files = json.loads(manifest).get("files", [])
    if hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest() != read["files"]:
        return CHANGED
    there = {
        str(item.object_name).removeprefix(f"{key}/"): (item.size, (item.etag or "").strip('"'))
        for item in client.list_objects(bucket_name=bucket, prefix=f"{key}/", recursive=True)
    }
    wanted = {file["name"]: (file["bytes"], file.get("etag") or "") for file in files}
    if not wanted.keys() <= there.keys():
        return GONE
    same = all(there[name][0] == size and (not tag or there[name][1] == tag) for name, (size, tag) in wanted.items())
    return UNCHANGED if same else CHANGED


def _read(client: Minio, bucket: str, key: str) -> bytes | None:
    try:
        response = client.get_object(bucket_name=bucket, object_name=key)
    except S3Error as error:
        if error.code in {"NoSuchKey", "NoSuchBucket"}:
            return None
        raise
    try:
        return bytes(response.read())
    finally:
        response.close()
        response.release_conn()


def _split(path: str) -> tuple[str, str]:
    parts = urlsplit(path)
    return parts.netloc, parts.path.strip("/")
