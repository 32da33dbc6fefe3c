"""The pages of notebooks: each is made once while it is remembered."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from sandbox_hub.apart.queue import PageQueue
from sandbox_hub.shelf.cells.process import notebook_page_apart


class NotebookPages:
    """Makes pages one at a time, each in a process of its own, and remembers the last ones.

    Args:
        make: Makes the page of a file with a title.
    """

    def __init__(self, make: Callable[[Path, str], Awaitable[bytes]] = notebook_page_apart) -> None:
        self._make = make
        self._queue = PageQueue()

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
        return await self._queue.page(key, lambda: self._make(file, title), user)


def _key(file: Path, title: str) -> str:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(b"\0" + title.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
