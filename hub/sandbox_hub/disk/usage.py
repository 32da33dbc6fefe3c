"""How much of the disk each user holds: home and container, by docker-api; ~/team and shared notebooks; S3.

Each file counts `FILE_BYTES` besides its bytes: a disk is full as well when it has no more room for files.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import chain
from pathlib import Path

from minio.error import MinioException, S3Error
from spark_etl import usernames as names
from urllib3.exceptions import HTTPError

from minio import Minio
from sandbox_hub.keys.s3_keys import Key, http_pool, minio_client

WHOLE_SHELF = ""  # no user has this name
# On the shelf: the hub's own folder for shared notebooks, with a folder for each author. It is called so on disk.
SHARED_FOLDER = "published"
BUCKET, PREFIX = "scratch", "users/"
# As in hub/docker-api/docker_api/disk.py: common file systems have one inode for each 16 KB.
FILE_BYTES = 16 * 1024
# MinIO makes a folder and a file of each object, and two files of each part of an upload.
OBJECT_BYTES = 2 * FILE_BYTES
# Of one user; no program has so many at once, and each is a request when they are counted.
MAX_UPLOADS = 1000
PAGE = 1000
log = logging.getLogger("sandbox.disk")


class DiskUse:
    """Adds up what lies where; each call walks over all of it.

    Args:
        engine: Returns user → bytes of homes and containers, and those of the shelf's whole volume as `WHOLE_SHELF`;
            and user → files, of the servers that run.
        shelf: The folder in which each user has one, and `SHARED_FOLDER` as well.
        objects: Returns user → bytes in S3; it blocks.
    """

    def __init__(
        self,
        engine: Callable[[], Awaitable[tuple[dict[str, int], dict[str, int]]]],
        shelf: Path,
        objects: Callable[[], dict[str, int]],
    ) -> None:
        self._engine, self._shelf, self._objects = engine, shelf, objects
        self._last_files: dict[str, int] = {}
        self._last_objects: dict[str, int] | None = None

    async def __call__(self) -> dict[str, int]:
        """Returns user → bytes.

        Raises:
            OSError: The engine gives no sizes; or S3 doesn't, and never has.
        """
        found, files = await self._engine()
        # Of a server that has ended the files are still there, as long as the home is.
        self._last_files = {user: count for user, count in (self._last_files | files).items() if user in found}
        sizes = Counter(found)
        sizes.update({user: FILE_BYTES * count for user, count in self._last_files.items()})
        shelf = sizes.pop(WHOLE_SHELF, 0)
        sizes.update(await asyncio.to_thread(on_shelf, self._shelf, shelf))
        sizes.update(await asyncio.to_thread(self._in_s3))
        return {user: size for user, size in sizes.items() if re.fullmatch(names.PATTERN, user)}

    def _in_s3(self) -> dict[str, int]:
        """Returns the last answer if there is none now: nobody must seem to have grown when S3 comes back."""
        try:
            self._last_objects = self._objects()
        except (HTTPError, MinioException, OSError) as error:
            if self._last_objects is None:
                raise OSError(f"S3 gives no sizes: {error}") from error
            log.warning("S3 gives no sizes: %s", error)
        return self._last_objects


def on_shelf(shelf: Path, whole: int) -> dict[str, int]:
    """Returns user → bytes of their folders on the shelf; what can't be read counts for each user who hides folders.

    Args:
        shelf: The folder in which each user has one, and below `SHARED_FOLDER` another one, which is the hub's.
        whole: What all of it takes, readable or not.
    """
    visible: Counter[str] = Counter()
    files: Counter[str] = Counter()
    owners_of_hidden = set()
    own = (_folders(entry) if entry.name == SHARED_FOLDER else [entry] for entry in _folders(shelf))
    for folder in chain.from_iterable(own):
        size, count, hides_files = _folder_size(folder)
        visible[folder.name] += size
        files[folder.name] += count
        if hides_files:
            owners_of_hidden.add(folder.name)
    hidden = max(whole - sum(visible.values()), 0)
    return {
        user: size + FILE_BYTES * files[user] + (hidden if user in owners_of_hidden else 0)
        for user, size in visible.items()
    }


def _folders(parent: Path) -> list[Path]:
    return [entry for entry in parent.iterdir() if entry.is_dir() and not entry.is_symlink()]


def _folder_size(folder: Path) -> tuple[int, int, bool]:
    """Returns bytes and number of a folder's files and folders, and whether there is more that can't be read."""
    failed: list[OSError] = []
    sizes: dict[int, int] = {}  # by inode: a file counts once, as the engine counts it
    folders = 0
    for path, _, files in os.walk(folder, onerror=failed.append):
        folders += 1
        for name in files:
            try:
                found = Path(path, name).lstat()
            except OSError as error:
                failed.append(error)
            else:
                sizes[found.st_ino] = found.st_size
    hides_files = any(isinstance(error, PermissionError) for error in failed)
    return sum(sizes.values()), len(sizes) + folders, hides_files


def in_s3(endpoint: str, region: str, key: Key) -> dict[str, int]:
    """Returns user → bytes below their prefix, with unfinished uploads; one request for each thousand objects."""
    client, sizes = minio_client(endpoint, region, key, http_pool()), Counter[str]()
    for item in client.list_objects(BUCKET, prefix=PREFIX, recursive=True):
        sizes[_owner(str(item.object_name))] += (item.size or 0) + OBJECT_BYTES
    for user, uploads in _uploads(client).items():
        for name, upload in uploads[:-MAX_UPLOADS]:
            _abort(client, name, upload)
        for name, upload in uploads[-MAX_UPLOADS:]:
            sizes[user] += _upload_size(client, name, upload)
    return dict(sizes)


def abort_uploads(endpoint: str, region: str, key: Key, user: str) -> None:
    """Aborts a user's unfinished uploads: their server has to stop, and nobody else can finish them."""
    client = minio_client(endpoint, region, key, http_pool())
    for name, upload in _uploads(client).get(user, []):
        _abort(client, name, upload)


def _owner(name: str) -> str:
    return name.removeprefix(PREFIX).split("/", 1)[0]


# The SDK has no public calls for uploads. MinIO lists those that were begun since its own start, only without a prefix.
def _uploads(client: Minio) -> dict[str, list[tuple[str, str]]]:
    """Returns user → their unfinished uploads, each an object's name and an id."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    after: tuple[str | None, str | None] = (None, None)
    while True:
        page = client._list_multipart_uploads(
            bucket_name=BUCKET, max_uploads=PAGE, key_marker=after[0], upload_id_marker=after[1]
        )
        for upload in page.uploads:
            name = str(upload.object_name)
            if name.startswith(PREFIX):
                found.setdefault(_owner(name), {})[name, str(upload.upload_id)] = None
        following = (page.next_key_marker, page.next_upload_id_marker)
        if not page.is_truncated or following in (after, (None, None)):
            return {user: list(uploads) for user, uploads in found.items()}
        after = following


def _upload_size(client: Minio, name: str, upload: str) -> int:
    size, marker = OBJECT_BYTES, None
    try:
        while True:
            page = client._list_parts(bucket_name=BUCKET, object_name=name, upload_id=upload, part_number_marker=marker)
            size += sum((part.size or 0) + OBJECT_BYTES for part in page.parts)
            if not page.is_truncated or str(page.next_part_number_marker) == marker:
                return size
            marker = str(page.next_part_number_marker)
    except S3Error as error:
        if error.code != "NoSuchUpload":  # it has just been finished
            raise
        return 0


def _abort(client: Minio, name: str, upload: str) -> None:
    with suppress(S3Error):
        client._abort_multipart_upload(bucket_name=BUCKET, object_name=name, upload_id=upload)
