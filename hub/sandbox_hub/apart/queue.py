"""Pages that are made apart: each once while it is remembered, and nobody waits for long, nor for many at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable

from sandbox_hub.apart.process import PageError

WAIT_SECONDS = 10
# The hub has 768 MB for all of its processes.
REMEMBERED_BYTES = 32 * 1024**2


class BusyError(PageError):
    """Raised when others' pages are made, and this one would have to wait for long."""


class PageQueue:
    """Makes pages one at a time, and remembers the last ones."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[str, bytes] = OrderedDict()
        self._slot = asyncio.Semaphore(1)
        self._waiting: set[str] = set()

    async def page(self, key: str, make: Callable[[], Awaitable[bytes]], user: str) -> bytes:
        """Returns a page.

        Args:
            key: Stands for its content: a hash of all that it is made of.
            make: Makes it.
            user: Who wants to see it.

        Raises:
            BusyError: Others' pages are made for too long, or the user waits for another one.
            PageError: What it is made of can't be shown.
        """
        if (page := self._recall(key)) is not None:
            return page
        async with self._turn(user):
            page = self._recall(key)  # somebody before may have wanted the same
            if page is None:
                page = await make()
                self._remember(key, page)
        return page

    @contextlib.asynccontextmanager
    async def _turn(self, user: str) -> AsyncIterator[None]:
        if user in self._waiting:
            raise BusyError("Another page of yours waits to be made. Load this one again in a few seconds.")
        self._waiting.add(user)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._slot.acquire()
        except TimeoutError:
            raise BusyError("The pages of others are made first. Load this one again in a minute.") from None
        finally:
            self._waiting.discard(user)
        try:
            yield
        finally:
            self._slot.release()

    def _recall(self, key: str) -> bytes | None:
        if key in self._remembered:
            self._remembered.move_to_end(key)
        return self._remembered.get(key)

    def _remember(self, key: str, page: bytes) -> None:
        self._remembered[key] = page
        while sum(map(len, self._remembered.values())) > REMEMBERED_BYTES:
            self._remembered.popitem(last=False)
