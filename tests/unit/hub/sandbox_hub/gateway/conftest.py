"""The gateway with an upstream of its own, and a hub that knows the user."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import aiohttp
import pytest
import sandbox_hub.gateway.service
from sandbox_hub.gateway import upstreams

from tests.unit.hub.sandbox_hub.gateway.upstream import Ask, Stage


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(upstreams, "UPSTREAMS", upstreams.UPSTREAMS)
    return sandbox_hub.gateway.service


@pytest.fixture
def known(gateway: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub knows who is asking."""
    monkeypatch.delenv("SANDBOX_UI_LINKS", raising=False)
    monkeypatch.setattr(gateway.GatewayHandler, "get_current_user", lambda self: {"name": "ada"})


@pytest.fixture
def ask(gateway: ModuleType) -> Ask:
    """Sends a request to the gateway; returns status, headers and text of the answer."""

    async def send(path: str, method: str, headers: dict[str, str]) -> tuple[int, Any, str]:
        async with Stage(gateway) as stage, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            url = f"http://127.0.0.1:{stage.port}/services/ui/{path}"
            async with client.request(method, url, headers=headers, allow_redirects=False) as answer:
                return answer.status, answer.headers, await answer.text()

    return lambda path, method="GET", **headers: asyncio.run(send(path, method, headers))
