"""How much of the disk each user holds: home and container, as docker-api tells, ~/team, what is published, and S3."""

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

from sandbox_hub.s3_keys import Key, minio_client, pool

WHOLE_SHELF = ""  # nobody's name
PUBLISHED = "published"  # on the shelf: the hub's own, with a folder for each author
BUCKET, PREFIX = "scratch", "users/"
log = logging.getLogger("sandbox.disk")


class DiskUse:
    """Adds up what lies where; each call walks over all of it.

    Args:
        engine: Returns user → bytes of homes and containers, and those of the shelf's whole volume as `WHOLE_SHELF`.
        shelf: The folder in which each user has one, and `PUBLISHED` as well.
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
            OSError: The engine doesn't tell; or S3 doesn't, and never has.
        """
        sizes = Counter(await self._engine())
        shelf = sizes.pop(WHOLE_SHELF, 0)
        sizes.update(await asyncio.to_thread(on_shelf, self._shelf, shelf))
        sizes.update(await asyncio.to_thread(self._in_s3))
        return {user: size for user, size in sizes.items() if re.fullmatch(names.PATTERN, user)}

    def _in_s3(self) -> dict[str, int]:
        """Without an answer it is what it was last: nobody is to be taken for grown when S3 comes back."""
        try:
            self._last_objects = self._objects()
        except (HTTPError, MinioException, OSError) as error:
            if self._last_objects is None:
                raise OSError(f"S3 does not tell sizes: {error}") from error
            log.warning("S3 does not tell sizes: %s", error)
        return self._last_objects


def on_shelf(shelf: Path, whole: int) -> dict[str, int]:
    """Returns user → bytes of their folders on the shelf; what nobody can look into is held by whoever hides something.

    Args:
        shelf: The folder in which each user has one, and below `PUBLISHED` another one, which is the hub's.
        whole: What all of it takes, hidden or not.
    """
    seen: Counter[str] = Counter()
    hiding = set()
    own = (_folders(entry) if entry.name == PUBLISHED else [entry] for entry in _folders(shelf))
    for folder in chain.from_iterable(own):
        size, hides = _measure(folder)
        seen[folder.name] += size
        if hides:
            hiding.add(folder.name)
    hidden = max(whole - sum(seen.values()), 0)
    return {user: size + (hidden if user in hiding else 0) for user, size in seen.items()}


def _folders(parent: Path) -> list[Path]:
    return [entry for entry in parent.iterdir() if entry.is_dir() and not entry.is_symlink()]


def _measure(folder: Path) -> tuple[int, bool]:
    """Returns the bytes of a folder, and whether there is more in it that can't be seen."""
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
    for item in minio_client(endpoint, region, key, pool()).list_objects(BUCKET, prefix=PREFIX, recursive=True):
        user = str(item.object_name).removeprefix(PREFIX).split("/", 1)[0]
        sizes[user] += item.size or 0
    return dict(sizes)
