"""The pages of notebooks: each is made once while it is remembered, and nobody waits for long, nor for many at once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from sandbox_hub.shelf.cells.process import PageError, notebook_page_apart

WAIT_SECONDS = 10
# The hub has 768 MB for all of its processes.
REMEMBERED_BYTES = 32 * 1024**2


class BusyError(PageError):
    """Raised when others' pages are made, and this one would have to wait for long."""


class NotebookPages:
    """Makes pages one at a time, each in a process of its own, and remembers the last ones.

    Args:
        make: Makes the page of a file with a title.
    """

    def __init__(self, make: Callable[[Path, str], Awaitable[bytes]] = notebook_page_apart) -> None:
        self._make = make
        self._remembered: OrderedDict[str, bytes] = OrderedDict()
        self._slot = asyncio.Semaphore(1)
        self._waiting: set[str] = set()

    async def page(self, file: Path, title: str, user: str) -> bytes:
        """Returns the page of a notebook.

        Args:
            file: The notebook.
            title: Of the page.
            user: Who wants to see it.

        Raises:
            BusyError: Others' pages are made for too long, or the user waits for another one.
            PageError: It is no notebook, or takes too much memory or time.
        """
        key = await asyncio.to_thread(_key, file, title)
        if (page := self._recall(key)) is not None:
            return page
        async with self._turn(user):
            page = self._recall(key)  # somebody before may have wanted the same
            if page is None:
                page = await self._make(file, title)
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
            raise BusyError("The pages of other notebooks are made first. Load this one again in a minute.") from None
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


def _key(file: Path, title: str) -> str:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(b"\0" + title.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
