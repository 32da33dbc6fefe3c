"""Keeps one user from filling everybody's disk: the server of a user who holds more than the limit is stopped.

Docker's volumes have no quota on most file systems, so the hub looks itself. What a user holds is the home, the folder
on the shelf, the shared notebooks and the prefix in S3 with unfinished uploads, together: the bytes, and 16 KB for each
file (`sandbox_hub.disk.usage`). With the server its keys to S3 end, and its unfinished uploads.

1. Free space, and room for files, is looked at with each poll of a server, which costs nothing. Who holds what costs a
   walk over all of it, so it is measured once at the start, and then only when one of the two has fallen by half a
   gigabyte since the last time, or by a quarter of a small limit; below the floor, by a little.
2. Who holds more than the limit, and more than at the last look, is stopped.
3. Below the floor, so is whoever's part has grown most since the last look, whatever the limit.
4. Who holds too much but doesn't grow is left alone: they have to get in to clear up.
5. A shared notebook counts until its author withdraws it: sharing that would bring its author over the
   limit is refused (`sandbox_hub.shelf.quota`), so what is too much lies where its owner can.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from minio.error import MinioException
from spark_etl.units import format_bytes
from urllib3.exceptions import HTTPError

from sandbox_hub.disk.usage import FILE_BYTES

STEP = 512 * 1024**2
UNITS = {"m": 1024**2, "g": 1024**3}
MIN_GROWTH = 64 * 1024**2
LIMIT, FLOOR = "20g", "3g"
PLACES = "home, ~/team, shared notebooks and S3"
COUNTED = "each file counts 16 KB besides its bytes"
log = logging.getLogger("sandbox.disk")


def parse_bytes(text: str) -> int:
    """Returns the bytes of a size such as `20g` or `512m`.

    Raises:
        ValueError: It is no size.
    """
    match = re.fullmatch(r"([0-9]+)(m|g)", text.strip())
    if match is None:
        raise ValueError(f"`{text}` is no size; write 512m or 20g")
    return int(match[1]) * UNITS[match[2]]


class Free(NamedTuple):
    """What is free of a disk.

    Attributes:
        bytes: The bytes.
        files: As many bytes as the files that it has room for count.
    """

    bytes: int
    files: int = sys.maxsize


class DiskGuard:
    """Decides which servers have to stop.

    Attributes:
        stop_reasons: User → why their server was stopped last.

    Args:
        sizes: Returns user → bytes; it is slow.
        free: Returns what is free of the disk that all of it lies on; it is fast.
        limit: Bytes that a user may hold.
        floor: Bytes that have to be free.
        on_stop: Is called with a user whose server has to stop; it blocks.
    """

    def __init__(
        self,
        sizes: Callable[[], Awaitable[dict[str, int]]],
        free: Callable[[], Free],
        limit: int,
        floor: int,
        on_stop: Callable[[str], None] | None = None,
    ) -> None:
        self._measure_sizes, self._free, self._limit, self._floor = sizes, free, limit, floor
        self._on_stop = on_stop
        self._last_sizes: dict[str, int] = {}
        self._last_free: Free | None = None
        self._measuring = asyncio.Lock()
        self._to_stop: dict[str, str] = {}
        self.stop_reasons: dict[str, str] = {}

    async def stop_reason(self, user: str) -> str | None:
        """Returns why the user's server has to stop now, None if it may go on; what it returns is returned once."""
        async with self._measuring:
            if self._should_measure():
                await self._measure()
        reason = self._to_stop.pop(user, None)
        if reason:
            self.stop_reasons[user] = reason
            await self._clear_up(user)
        return reason

    async def _clear_up(self, user: str) -> None:
        if self._on_stop:
            try:
                await asyncio.to_thread(self._on_stop, user)
            except (HTTPError, MinioException, OSError, ValueError) as error:
                log.warning("the unfinished uploads of %s are not aborted: %s", user, error)

    def _should_measure(self) -> bool:
        if self._last_free is None:
            return True
        free, last = self._free(), self._last_free
        self._last_free = Free(max(last.bytes, free.bytes), max(last.files, free.files))  # somebody has cleared up
        taken = max(last.bytes - free.bytes, last.files - free.files)
        return taken >= (MIN_GROWTH if min(free) < self._floor else min(STEP, self._limit // 4))

    async def _measure(self) -> None:
        free = self._free()  # first: what is written while sizes are measured counts for the next time
        try:
            sizes = await self._measure_sizes()
        except (OSError, TimeoutError, ValueError) as error:
            log.warning("how much of the disk each user holds is not known: %s", error)
            return
        is_first = self._last_free is None
        growth = {user: size - self._last_sizes.get(user, 0) for user, size in sizes.items()}
        self._last_sizes, self._last_free = sizes, free
        if is_first:
            return
        for user, size in sizes.items():
            if size > self._limit and growth[user] >= MIN_GROWTH:
                used, limit = format_bytes(size, binary=True), format_bytes(self._limit, binary=True)
                self._to_stop[user] = f"{PLACES} hold {used}, and may hold {limit}; {COUNTED}"
        most = max(growth, key=lambda user: growth[user], default="")
        free = self._free()
        if min(free) < self._floor and most and growth[most] >= MIN_GROWTH:
            grown = format_bytes(growth[most], binary=True)
            what = "the disk is nearly full" if free.bytes < self._floor else "the disk has hardly room for more files"
            self._to_stop.setdefault(most, f"{what}, and {PLACES} grew by {grown}; {COUNTED}")


def free_room(path: str) -> Free:
    """Returns what is free of the file system a path is on.

    Some, such as btrfs, have room for any number of files; one made for large files has so few that each counts its
    share of the disk, or it would be nearly full from the start.
    """
    stat = os.statvfs(path)
    free_bytes = stat.f_bavail * stat.f_frsize
    if not stat.f_files:
        return Free(free_bytes)
    return Free(free_bytes, stat.f_favail * max(FILE_BYTES, stat.f_blocks * stat.f_frsize // stat.f_files))
