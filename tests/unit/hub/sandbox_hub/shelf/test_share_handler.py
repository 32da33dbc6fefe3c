"""Who may share, and how many of theirs wait: refused with messages that reach the author."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from bounded_http import BoundedServer, Limits
from sandbox_hub.shelf import api, service, share_queue
from sandbox_hub.shelf.handlers import ShelfHandler
from sandbox_hub.shelf.rerun import RerunResult, RerunServer
from sandbox_hub.shelf.share_queue import MAX_WAITING_PER_AUTHOR, ShareQueue
from sandbox_hub.shelf.store import Shelf
from spark_etl import usernames as names
from tornado.testing import bind_unused_port

from tests.unit.hub.bounded_http.clients import Connection, serving
from tests.unit.hub.bounded_http.clients import ask as ask_at

Answer = tuple[int, dict[str, Any]]


class Busy(RerunServer):
    """A server that runs the first notebook for ever."""

    def __init__(self) -> None:
        super().__init__("http://hub", "token", "shelf")

    async def run(self, notebook: bytes, on_progress: Any, author: str) -> RerunResult:
        del notebook, on_progress
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def answers(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Answer]]:
    """Returns what the shelf answers to requests to share, each an author and a notebook's name."""
    # The hub is not here to tell whose token it is.
    monkeypatch.setattr(
        ShelfHandler, "get_current_user", lambda page: {"name": page.request.headers["Authorization"].split()[1]}
    )

    async def ask(requests: tuple[tuple[str, str], ...], path: str) -> list[Answer]:
        none: Any = None
        queue = ShareQueue(Shelf(tmp_path), none, Busy(), "sandbox/notebook:1")
        socket, port = bind_unused_port()
        server = BoundedServer(service.application(Shelf(tmp_path), none, queue), limits=service.LIMITS)
        server.add_socket(socket)
        received = []
        async with aiohttp.ClientSession() as session:
            for author, name in requests:
                body = {"path": f"{name}.ipynb", "content": json.dumps({"cells": []})}
                url = f"http://127.0.0.1:{port}/services/shelf/api/{path}"
                headers = {"Authorization": f"token {author}"}
                async with session.post(url, json=body, headers=headers) as answer:
                    received.append((answer.status, await answer.json()))
        server.stop()
        return received

    return lambda *requests, path="share": asyncio.run(ask(requests, path))


@pytest.mark.parametrize("author", names.RESERVED)
def test_the_stacks_own_users_share_nothing(answers: Callable[..., list[Answer]], author: str) -> None:
    message = {"message": f"`{author}` is the stack's own user, and shares nothing"}
    assert answers((author, "x")) == [(403, message)]


def test_an_author_who_has_enough_waiting_is_refused_with_their_names(answers: Callable[..., list[Answer]]) -> None:
    mine = [("ada", name) for name in ("first", "orders", "late", "users")]
    *taken, refused, of_another = answers(*mine, ("ada", "more"), ("bob", "his"))

    assert [status for status, _ in taken] == [202] * (1 + MAX_WAITING_PER_AUTHOR), "one runs, the others wait"
    message = "3 notebooks of ada wait already. Share again when one of them has begun: orders, late, users"
    assert refused == (429, {"message": message})
    assert of_another[0] == 202


def test_servers_of_an_older_version_share_by_the_old_address(answers: Callable[..., list[Answer]]) -> None:
    ((status, job),) = answers(("ada", "first"), path="publish")
    assert (status, list(job)) == (202, ["job"])


@pytest.mark.parametrize("content", ['{"cells": []', '{"cells": [' + "[]," * 1_000_001 + "[]]}", "7"])
def test_what_is_no_notebook_or_would_fill_the_memory_is_refused(content: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        api.parse_share_request(json.dumps({"path": "x.ipynb", "content": content}).encode())


def test_what_waits_is_limited_in_all(answers: Callable[..., list[Answer]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_queue, "MAX_WAITING_BYTES", 30)
    *taken, refused = answers(*[(author, "x") for author in ("ada", "bob", "eve")])
    assert [status for status, _ in taken] == [202, 202]
    message = "the notebooks that wait are too large together. Share again when some of them are done"
    assert refused == (429, {"message": message})


KB = 1024
URL = "/services/shelf/api/share"
LIMITS = Limits(bodies_bytes=250 * KB, body_bytes=20 * KB, drain_seconds=1)
CHUNKED = {"Content_Length": "", "Transfer_Encoding": "chunked"}


@pytest.fixture
def shelf(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The shelf, for notebooks of at most 200 KB each, and 250 KB together."""

    def user(page: ShelfHandler) -> dict[str, str] | None:
        _, _, name = page.request.headers.get("Authorization", "").partition(" ")
        return {"name": name} if name else None

    monkeypatch.setattr(ShelfHandler, "get_current_user", user)
    monkeypatch.setattr(api, "MAX_BODY_BYTES", 200 * KB)
    none: Any = None
    return lambda: service.application(
        Shelf(tmp_path), none, ShareQueue(Shelf(tmp_path), none, Busy(), "sandbox/notebook:1")
    )


def share_body(size: int) -> bytes:
    """Returns the body of a request to share."""
    content = json.dumps({"cells": [], "metadata": {"text": "x" * size}})
    return json.dumps({"path": "x.ipynb", "content": content}).encode()


@pytest.mark.parametrize("headers", [{}, CHUNKED])
def test_a_notebook_that_is_too_large_is_refused(shelf: Any, headers: dict[str, str]) -> None:
    async def share(size: int) -> tuple[int, str]:
        body = share_body(size)
        sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if headers else body
        async with serving(shelf(), LIMITS) as port:
            return await ask_at(port, "POST", URL, sent, Authorization="token ada", **headers)

    assert asyncio.run(share(150 * KB))[0] == 202
    status, message = asyncio.run(share(300 * KB))
    assert (status, "larger than the limit of 200 KB" in json.loads(message)["message"]) == (413, True)


def test_nothing_is_taken_in_without_a_login(shelf: Any) -> None:
    async def share() -> list[int]:
        async with serving(shelf(), LIMITS) as port:
            length = {"Content_Length": str(150 * KB)}
            sharing = await ask_at(port, "POST", URL, b"{", **length)
            elsewhere = await ask_at(port, "POST", "/services/shelf/", b"{", **length)
            return [sharing[0], elsewhere[0]]

    assert asyncio.run(share()) == [403, 413]


def test_notebooks_that_come_slowly_leave_room_for_another_author(shelf: Any) -> None:
    async def share() -> tuple[tuple[int, str], int, int]:
        async with serving(shelf(), LIMITS) as port:

            async def begin(author: str, source: str, size: int) -> Connection:
                body = share_body(size)
                connection = await Connection.to(port, source=source)
                headers = {"Authorization": f"token {author}", "Content_Length": str(len(body))}
                return await connection.send("POST", URL, body[:-1], **headers)

            slow = [await begin("eve", "127.0.0.2", 100 * KB) for _ in range(2)]
            refused = await begin("eve", "127.0.0.2", 100 * KB)
            another = await begin("ada", "127.0.0.1", 90 * KB)
            await refused.more(b"}")
            await another.more(b"}")
            await slow[0].more(b"}")
            return await refused.answer(), (await another.answer())[0], (await slow[0].answer())[0]

    refused, another, oldest = asyncio.run(share())
    assert (refused[0], "250 KB of bodies" in json.loads(refused[1])["message"]) == (503, True)
    assert another == 202
    assert oldest == 503, "who held most gave way"
