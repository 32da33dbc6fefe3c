"""What is forwarded: cookies, and bodies of any size."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from sandbox_hub.gateway import forwarding

from tests.unit.hub.bounded_http.clients import Answer, Connection
from tests.unit.hub.bounded_http.clients import ask as ask_at
from tests.unit.hub.conftest import errors
from tests.unit.hub.sandbox_hub.gateway.upstream import Stage, Store


@pytest.mark.parametrize(
    ("header", "remaining"),
    [
        ("", ""),
        ("theme=dark", "theme=dark"),
        ("theme=dark; jupyterhub-session-id=s; token=t", "theme=dark; token=t"),
        ("jupyterhub-user-ada=s; service-ui=s; _xsrf=s; jupyterhub-hub-login=s", ""),
        ('quoted="a b"; service-ui-oauth-state=s', 'quoted="a b"'),
    ],
)
def test_the_hubs_cookies_are_kept_back(gateway: ModuleType, header: str, remaining: str) -> None:
    assert forwarding.strip_hub_cookies(header) == remaining


MB = 1024**2


async def parts(number: int) -> AsyncIterator[bytes]:
    """Yields as many megabytes."""
    for _ in range(number):
        yield bytes(MB)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("data", "answer"),
    [(lambda: bytes(3 * MB), "3145728 bytes, 3145728 announced"), (lambda: parts(3), "3145728 bytes, no announced")],
)
def test_an_upload_is_passed_on_whatever_its_size(gateway: ModuleType, data: Callable[[], Any], answer: str) -> None:
    async def upload() -> tuple[int, str]:
        async with Stage(gateway) as stage, aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{stage.port}/services/ui/page/store"
            async with client.put(url, data=data()) as sent:
                return sent.status, await sent.text()

    assert asyncio.run(upload()) == (200, answer)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("path", "status"), [("page/store/full", 409), ("dead/", 502), ("nosuch/", 404)])
def test_an_upload_that_nobody_wants_ends(
    gateway: ModuleType, caplog: pytest.LogCaptureFixture, path: str, status: int
) -> None:
    async def upload() -> Answer:
        async with Stage(gateway) as stage:
            return await ask_at(stage.port, "PUT", f"/services/ui/{path}", bytes(MB))

    assert asyncio.run(upload())[0] == status
    gc.collect()
    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_an_upload_waits_with_its_sender_while_the_page_is_busy(gateway: ModuleType) -> None:
    async def upload() -> int:
        async with Stage(gateway) as stage:
            sent, part = 0, bytes(MB)
            with contextlib.suppress(TimeoutError), socket.create_connection(("127.0.0.1", stage.port)) as connection:
                connection.setblocking(False)
                loop = asyncio.get_running_loop()
                head = f"PUT /services/ui/page/store/busy HTTP/1.1\r\nHost: x\r\nContent-Length: {99 * MB}\r\n\r\n"
                await loop.sock_sendall(connection, head.encode())
                async with asyncio.timeout(0.4):
                    while True:
                        await loop.sock_sendall(connection, part)
                        sent += 1
            return sent

    assert asyncio.run(upload()) < 40, "megabytes, which lie in the kernel's buffers"


@pytest.mark.usefixtures("known")
def test_an_upload_that_its_sender_gives_up_is_given_up(
    gateway: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "ended", "")

    async def upload() -> None:
        async with Stage(gateway) as stage:
            connection = await Connection.to(stage.port)
            await connection.send("PUT", "/services/ui/page/store", bytes(MB), Content_Length=str(9 * MB))
            await asyncio.sleep(0.05)
            connection.close()
            async with asyncio.timeout(10):
                while not Store.ended:
                    await asyncio.sleep(0.01)

    asyncio.run(upload())
    gc.collect()
    assert errors(caplog) == []


def test_no_body_is_taken_in_before_the_login(gateway: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.GatewayHandler, "get_current_user", lambda self: None)

    async def upload() -> list[int]:
        async with Stage(gateway) as stage:
            length = {"Content_Length": str(99 * MB)}
            paths = ["/services/ui/page/store", "/services/ui/", "/services/ui/oauth_callback"]
            return [(await ask_at(stage.port, "PUT", path, b"x", **length))[0] for path in paths]

    assert asyncio.run(upload()) == [403, 413, 413]
