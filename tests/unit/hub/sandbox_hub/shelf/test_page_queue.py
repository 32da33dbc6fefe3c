"""Pages of notebooks are made one at a time: nobody waits for long, and none is made twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from sandbox_hub.apart import queue
from sandbox_hub.apart.queue import BusyError
from sandbox_hub.shelf import service
from sandbox_hub.shelf.cells.page_queue import NotebookPages
from sandbox_hub.shelf.handlers import ShelfHandler
from sandbox_hub.shelf.store import Shelf
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from tests.unit.hub.sandbox_hub.shelf.test_store import NOTEBOOK, RECORD


class Maker:
    """Makes pages, as soon as it may."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.may = asyncio.Event()

    async def __call__(self, file: Path, title: str) -> bytes:
        self.made.append(file.name)
        await self.may.wait()
        return f"{title} {file.name}".encode()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / name for name in "abc"]
    for file in found:
        file.write_text(file.name)
    return found


def test_a_page_is_made_once_and_again_when_it_was_forgotten(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "REMEMBERED_BYTES", 10)  # three pages

    async def ask() -> list[str]:
        maker = Maker()
        maker.may.set()
        pages = NotebookPages(maker)
        assert await asyncio.gather(*(pages.page(files[0], "a", user) for user in ("ada", "bob"))) == [b"a a"] * 2
        for file, title in ((files[1], "a"), (files[0], "b"), (files[0], "a"), (files[2], "a"), (files[1], "a")):
            assert await pages.page(file, title, "ada") == f"{title} {file.name}".encode()
        return maker.made

    assert asyncio.run(ask()) == ["a", "b", "a", "c", "b"]


def test_nobody_waits_for_two_pages_nor_for_long(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        maker = Maker()
        pages = NotebookPages(maker)
        first, second = (asyncio.create_task(pages.page(file, "x", "ada")) for file in files[:2])
        while len(pages._queue._waiting) != 1 or not maker.made:
            await asyncio.sleep(0)
        with pytest.raises(BusyError, match="Another page of yours"):
            await pages.page(files[2], "x", "ada")
        monkeypatch.setattr(queue, "WAIT_SECONDS", 0)
        with pytest.raises(BusyError, match="The pages of others"):
            await pages.page(files[2], "x", "bob")
        maker.may.set()
        assert sorted([await first, await second]) == [b"x a", b"x b"]
        assert await pages.page(files[2], "x", "bob") == b"x c"

    asyncio.run(ask())


def test_whoever_can_not_wait_is_answered_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path)
    shelf.add(RECORD, NOTEBOOK, b"{}")
    monkeypatch.setattr(ShelfHandler, "get_current_user", lambda _: {"kind": "user", "name": "ada"})

    async def page(*_: object) -> bytes:
        raise BusyError("Load it again.")

    monkeypatch.setattr(NotebookPages, "page", page)

    async def ask() -> tuple[int, str]:
        socket, port = bind_unused_port()
        server = HTTPServer(service.application(shelf, None, None))  # type: ignore[arg-type]
        server.add_socket(socket)
        url = f"http://127.0.0.1:{port}/services/shelf/{RECORD.author}/{RECORD.name}/cells"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            received = answer.status, await answer.text()
        server.stop()
        return received

    status, text = asyncio.run(ask())
    assert status == 503
    assert "Load it again." in text
