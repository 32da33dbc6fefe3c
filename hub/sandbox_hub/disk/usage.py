"""How much of the disk each user holds: home and container, by docker-api; ~/team and shared notebooks; S3."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import chain
from pathlib import Path

from minio.error import MinioException
from spark_etl import usernames as names
from urllib3.exceptions import HTTPError

from sandbox_hub.keys.s3_keys import Key, http_pool, minio_client

WHOLE_SHELF = ""  # no user has this name
# On the shelf: the hub's own folder for shared notebooks, with a folder for each author. It is called so on disk.
SHARED_FOLDER = "published"
BUCKET, PREFIX = "scratch", "users/"
log = logging.getLogger("sandbox.disk")


class DiskUse:
    """Adds up what lies where; each call walks over all of it.

    Args:
        engine: Returns user → bytes of homes and containers, and those of the shelf's whole volume as `WHOLE_SHELF`.
        shelf: The folder in which each user has one, and `SHARED_FOLDER` as well.
        objects: Returns user → bytes in S3; it blocks.
    """

    def __init__(
        self, engine: Callable[[], Awaitable[dict[str, int]]], shelf: Path, objects: Callable[[], dict[str, int]]
    ) -> None:
        self._engine, self._shelf, self._objects = engine, shelf, objects
        self._last_objects: dict[str, int] | None = None

    async def __call__(self) -> dict[str, int]:
        """Returns user → bytes.

        Raises:
            OSError: The engine gives no sizes; or S3 doesn't, and never has.
        """
        sizes = Counter(await self._engine())
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
    owners_of_hidden = set()
    own = (_folders(entry) if entry.name == SHARED_FOLDER else [entry] for entry in _folders(shelf))
    for folder in chain.from_iterable(own):
        size, hides_files = _folder_size(folder)
        visible[folder.name] += size
        if hides_files:
            owners_of_hidden.add(folder.name)
    hidden = max(whole - sum(visible.values()), 0)
    return {user: size + (hidden if user in owners_of_hidden else 0) for user, size in visible.items()}


def _folders(parent: Path) -> list[Path]:
    return [entry for entry in parent.iterdir() if entry.is_dir() and not entry.is_symlink()]


def _folder_size(folder: Path) -> tuple[int, bool]:
    """Returns the bytes of a folder, and whether there is more in it that can't be read."""
    failed: list[OSError] = []
    sizes: dict[int, int] = {}  # by inode: a file counts once, as the engine counts it
    for path, _, files in os.walk(folder, onerror=failed.append):
        for name in files:
            try:
                found = Path(path, name).lstat()
            except OSError as error:
                failed.append(error)
            else:
                sizes[found.st_ino] = found.st_size
    return sum(sizes.values()), any(isinstance(error, PermissionError) for error in failed)


def in_s3(endpoint: str, region: str, key: Key) -> dict[str, int]:
    """Returns user → bytes below their prefix; one request for each thousand objects."""
    sizes: Counter[str] = Counter()
    for item in minio_client(endpoint, region, key, http_pool()).list_objects(BUCKET, prefix=PREFIX, recursive=True):
        user = str(item.object_name).removeprefix(PREFIX).split("/", 1)[0]
        sizes[user] += item.size or 0
    return dict(sizes)
