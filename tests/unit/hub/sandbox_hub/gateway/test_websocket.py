"""A websocket through the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from types import ModuleType

import aiohttp
import pytest
from sandbox_hub.gateway import websocket

from tests.unit.hub.conftest import errors
from tests.unit.hub.sandbox_hub.gateway.upstream import Chatty, Stage, until_left


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("path", ["page/echo", "mail"])
def test_a_websocket_is_passed_on(gateway: ModuleType, path: str) -> None:
    async def talk() -> str:
        async with Stage(gateway) as stage, aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{stage.port}/services/ui/{path}"
            async with client.ws_connect(url, headers={"Origin": f"http://127.0.0.1:{stage.port}"}) as socket:
                await socket.send_str("hello")
                return await socket.receive_str(timeout=5)

    assert asyncio.run(talk()) == "heard 'hello'"


@pytest.mark.usefixtures("known")
def test_a_browser_that_leaves_a_websocket_ends_it_without_a_word(
    gateway: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Chatty, "left", False)

    async def leave() -> None:
        async with Stage(gateway) as stage:
            async with aiohttp.ClientSession() as client:
                socket = await client.ws_connect(f"http://127.0.0.1:{stage.port}/services/ui/page/chatty")
                await socket.send_str("hello" * 10_000)
                for _ in range(100):
                    await socket.receive_str(timeout=5)
            await until_left(Chatty)

    asyncio.run(leave())
    gc.collect()  # what becomes of a task nobody asks is told then

    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_a_websocket_whose_page_is_gone_is_closed(gateway: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    async def talk() -> bool:
        async with Stage(gateway) as stage, aiohttp.ClientSession() as client:
            socket = await client.ws_connect(f"http://127.0.0.1:{stage.port}/services/ui/page/deaf")
            with contextlib.suppress(ConnectionResetError):
                for _ in range(100):
                    await socket.send_str("hello")
            return (await socket.receive(timeout=5)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}

    assert asyncio.run(talk())
    gc.collect()
    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_a_page_without_end_to_its_message_does_not_fill_the_memory(
    gateway: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (gateway, websocket):
        monkeypatch.setattr(module, "MESSAGE_BYTES", 1000)

    async def talk() -> list[aiohttp.WSMsgType]:
        async with Stage(gateway) as stage, aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{stage.port}/services/ui/page/echo"
            async with client.ws_connect(url) as socket:
                await socket.send_str("x" * 900)
                heard = [(await socket.receive(timeout=5)).type]
                await socket.send_str("x" * 995)
                return [*heard, (await socket.receive(timeout=5)).type]

    assert asyncio.run(talk()) == [aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.CLOSE]
