"""Keeps one user from filling everybody's disk: the server of a user who holds more than the limit is stopped.

Docker's volumes have no quota on most file systems, so the hub looks itself. What a user holds is the home, the folder
on the shelf, the shared notebooks and the prefix in S3, together; with the server its keys to S3 end.

1. Free space is looked at with each poll of a server, which costs nothing. Who holds what costs a walk over all of it,
   so it is measured once at the start, and then only when free space has fallen by half a gigabyte since the last time,
   or by a quarter of a small limit; below the floor, by a little.
2. Who holds more than the limit, and more than at the last look, is stopped.
3. Below the floor, so is whoever's part has grown most since the last look, whatever the limit.
4. Who holds too much but doesn't grow is left alone: they have to get in to clear up.
5. A shared notebook its author can't delete. It counts all the same: sharing that would bring its author over the
   limit is refused (`sandbox_hub.shelf.quota`), so what is too much lies where its owner can.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable

from spark_etl.units import format_bytes

STEP = 512 * 1024**2
UNITS = {"m": 1024**2, "g": 1024**3}
MIN_GROWTH = 64 * 1024**2
LIMIT, FLOOR = "20g", "3g"
PLACES = "home, ~/team, shared notebooks and S3"
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


class DiskGuard:
    """Decides which servers have to stop.

    Attributes:
        stop_reasons: User → why their server was stopped last.

    Args:
        sizes: Returns user → bytes; it is slow.
        free: Returns the free bytes of the disk that all of it lies on; it is fast.
        limit: Bytes that a user may hold.
        floor: Bytes that have to be free.
    """

    def __init__(
        self, sizes: Callable[[], Awaitable[dict[str, int]]], free: Callable[[], int], limit: int, floor: int
    ) -> None:
        self._measure_sizes, self._free_bytes, self._limit, self._floor = sizes, free, limit, floor
        self._last_sizes: dict[str, int] = {}
        self._last_free: int | None = None
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
        return reason

    def _should_measure(self) -> bool:
        if self._last_free is None:
            return True
        free = self._free_bytes()
        self._last_free = max(self._last_free, free)  # somebody has cleared up
        return self._last_free - free >= (MIN_GROWTH if free < self._floor else min(STEP, self._limit // 4))

    async def _measure(self) -> None:
        free = self._free_bytes()  # first: what is written while sizes are measured counts for the next time
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
                self._to_stop[user] = f"{PLACES} hold {used}, and may hold {limit}"
        most = max(growth, key=lambda user: growth[user], default="")
        if self._free_bytes() < self._floor and most and growth[most] >= MIN_GROWTH:
            grown = format_bytes(growth[most], binary=True)
            self._to_stop.setdefault(most, f"the disk is nearly full, and {PLACES} grew by {grown}")


def free_bytes(path: str) -> int:
    """Returns the free bytes of the file system a path is on."""
    stat = os.statvfs(path)
    return stat.f_bavail * stat.f_frsize
