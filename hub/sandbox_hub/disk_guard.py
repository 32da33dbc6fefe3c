"""Keeps one user from filling the disk of all: the server of one who holds more than the limit is stopped.

Docker's volumes have no quota on most file systems, so the hub looks itself. What a user holds is the home, the folder
on the shelf, the published notebooks and the prefix in S3, together; with the server its keys to S3 end.

1. Free space is looked at with each poll of a server, which costs nothing. Who holds what costs a walk over all of it,
   so that is asked once at the start, and then only when free space has fallen by half a gigabyte since it was known,
   or by a quarter of a small limit; below the floor, by a little.
2. Who holds more than the limit, and more than at the last look, is stopped.
3. Below the floor, so is whoever's part has grown most since the last look, whatever the limit.
4. Who holds too much but doesn't grow is left alone: they have to get in to clear up.
5. What is published its author can't delete. It counts all the same: a publication that brings its author beyond the
   limit is refused (`sandbox_hub.shelf.room`), so what is too much lies where its owner can.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import re
from collections.abc import Awaitable, Callable

STEP = 512 * 1024**2
UNITS = {"m": 1024**2, "g": 1024**3}
GROWN = 64 * 1024**2
LIMIT, FLOOR = "20g", "3g"
PLACES = "home, ~/team, published notebooks and S3"
log = logging.getLogger("sandbox.disk")


def size_of(text: str) -> int:
    """Returns the bytes of a size such as `20g` or `512m`.

    Raises:
        ValueError: It is no size.
    """
    match = re.fullmatch(r"([0-9]+)(m|g)", text.strip())
    if match is None:
        raise ValueError(f"`{text}` is no size; write 512m or 20g")
    return int(match[1]) * UNITS[match[2]]


class DiskGuard:
    """Tells which servers have to stop.

    Args:
        sizes: Returns user → bytes; it is slow.
        free: Returns the free bytes of the disk that all of it lies on; it is fast.
        limit: Bytes that a user may hold.
        floor: Bytes that have to be free.
    """

    def __init__(
        self, sizes: Callable[[], Awaitable[dict[str, int]]], free: Callable[[], int], limit: int, floor: int
    ) -> None:
        self._sizes, self._free, self._limit, self._floor = sizes, free, limit, floor
        self._known: dict[str, int] = {}
        self._free_then: int | None = None
        self._looking = asyncio.Lock()
        self._guilty: dict[str, str] = {}
        self.told: dict[str, str] = {}

    async def verdict(self, user: str) -> str | None:
        """Returns why the user's server has to stop now, None if it may go on; what it returns is returned once."""
        async with self._looking:
            if self._worth_a_look():
                await self._look()
        reason = self._guilty.pop(user, None)
        if reason:
            self.told[user] = reason
        return reason

    def _worth_a_look(self) -> bool:
        if self._free_then is None:
            return True
        free = self._free()
        self._free_then = max(self._free_then, free)  # somebody has cleared up
        return self._free_then - free >= (GROWN if free < self._floor else min(STEP, self._limit // 4))

    async def _look(self) -> None:
        free = self._free()  # before: what is written while sizes are asked for is for the next look
        try:
            sizes = await self._sizes()
        except (OSError, TimeoutError, ValueError) as error:
            log.warning("who holds how much of the disk is not known: %s", error)
            return
        first = self._free_then is None
        grown = {user: size - self._known.get(user, 0) for user, size in sizes.items()}
        self._known, self._free_then = sizes, free
        if first:
            return
        for user, size in sizes.items():
            if size > self._limit and grown[user] >= GROWN:
                self._guilty[user] = f"{PLACES} hold {in_words(size)}, and may hold {in_words(self._limit)}"
        most = max(grown, key=lambda user: grown[user], default="")
        if self._free() < self._floor and most and grown[most] >= GROWN:
            self._guilty.setdefault(most, f"the disk is nearly full, and {PLACES} grew by {in_words(grown[most])}")


def free_bytes(path: str) -> int:
    """Returns the free bytes of the file system a path is on."""
    stat = os.statvfs(path)
    return stat.f_bavail * stat.f_frsize


def in_words(size: int) -> str:
    """Returns a size as users read it."""
    return f"{size / UNITS['g']:.1f} GB" if size >= UNITS["g"] else f"{math.ceil(size / UNITS['m'])} MB"
