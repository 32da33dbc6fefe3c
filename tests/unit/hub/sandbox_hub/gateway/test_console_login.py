"""The S3 console through the gateway: signed in as the hub's user, before a console of our own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import sandbox_hub.gateway.service
from sandbox_hub.gateway import upstreams
from sandbox_hub.keys.s3_keys import Key
from tornado import httpserver, web
from tornado.testing import bind_unused_port
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

from tests.unit.hub.conftest import errors


def keys_of(user: str) -> Key:
    """Temporary keys, as the object store would give them."""
    return Key(f"temporary-{user}", f"secret of {user}", f"session of {user}")


class Console:
    """Signs in who has the right key, and tells whose session a request is of."""

    def __init__(self) -> None:
        self.sessions: dict[str, str] = {}
        self.logins = 0
        self.refuses = False

    def pages(self) -> web.Application:
        console = self

        class Login(web.RequestHandler):
            def post(self) -> None:
                asked = json.loads(self.request.body)
                user = asked["accessKey"].removeprefix("temporary-")
                right = Key(asked["accessKey"], asked["secretKey"], asked["sts"]) == keys_of(user)
                console.logins += 1
                if not right or console.refuses:
                    self.set_status(401)
                    return
                token = f"token-{console.logins}"
                console.sessions[token] = user
                self.set_cookie("token", token)
                self.set_status(204)

        class Session(web.RequestHandler):
            def get(self) -> None:
                who = console.sessions.get(self.get_cookie("token", "") or "")
                self.set_status(200 if who else 403)
                self.write(who or "nobody")

        class Page(web.RequestHandler):
            def get(self) -> None:
                self.set_cookie("token", "for-the-browser")
                self.write("page")

        return web.Application([("/api/v1/login", Login), ("/api/v1/session", Session), ("/.*", Page)])


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def who(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Whom the hub takes the browser for."""
    user = {"name": "ada"}
    monkeypatch.delenv("SANDBOX_UI_LINKS", raising=False)
    monkeypatch.setattr(sandbox_hub.gateway.service.GatewayHandler, "get_current_user", lambda self: dict(user))
    monkeypatch.setattr(sandbox_hub.gateway.service, "console_keys", keys_of)
    return user


@asynccontextmanager
async def browsing(console: Console, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser before the gateway before the console."""
    socket, port = bind_unused_port()
    upstream = httpserver.HTTPServer(console.pages())
    upstream.add_socket(socket)
    address = f"http://127.0.0.1:{port}"
    page = upstreams.Upstream("S3 console", address, "", signs_in=True)
    monkeypatch.setattr(upstreams, "UPSTREAMS", {"s3": page})
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        socket, port = bind_unused_port()
        server = httpserver.HTTPServer(sandbox_hub.gateway.service.application({"session": session}))
        server.add_socket(socket)
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", cookie_jar=aiohttp.CookieJar(unsafe=True)
        ) as browser:
            yield browser
        server.stop()
        upstream.stop()
        await server.close_all_connections()


async def session_of(browser: aiohttp.ClientSession) -> tuple[int, str]:
    async with browser.get("/services/ui/s3/api/v1/session") as answer:
        return answer.status, await answer.text()


def test_a_user_is_signed_in_once_and_each_as_themselves(
    console: Console, who: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def walk() -> list[tuple[int, str]]:
        async with browsing(console, monkeypatch) as browser:
            seen = [await session_of(browser), await session_of(browser)]
            who["name"] = "bob"
            return [*seen, await session_of(browser)]

    assert asyncio.run(walk()) == [(200, "ada"), (200, "ada"), (200, "bob")]
    assert console.logins == 2


def test_the_browser_never_has_the_token(
    console: Console, who: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def walk() -> tuple[str, int]:
        async with browsing(console, monkeypatch) as browser:
            async with browser.get("/services/ui/s3/") as answer:
                text = await answer.text()
            return text, len(browser.cookie_jar)

    assert asyncio.run(walk()) == ("page", 0)


def test_a_console_that_was_restarted_is_signed_in_to_again(
    console: Console, who: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def walk() -> tuple[int, str]:
        async with browsing(console, monkeypatch) as browser:
            await session_of(browser)
            console.sessions.clear()
            return await session_of(browser)

    assert asyncio.run(walk()) == (200, "ada")


def test_whom_the_console_refuses_sees_its_own_login(
    console: Console, who: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    console.refuses = True

    async def walk() -> tuple[int, str]:
        async with browsing(console, monkeypatch) as browser:
            return await session_of(browser)

    assert asyncio.run(walk()) == (403, "nobody")


@pytest.mark.parametrize("error", [MaxRetryError(HTTPConnectionPool("minio"), "/", None), ValueError("503")])
def test_while_the_store_gives_no_keys_the_console_does_not_answer(
    console: Console,
    who: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def none(user: str) -> Key:
        raise error

    monkeypatch.setattr(sandbox_hub.gateway.service, "console_keys", none)

    async def walk() -> tuple[int, str]:
        async with browsing(console, monkeypatch) as browser:
            return await session_of(browser)

    status, text = asyncio.run(walk())
    assert status == 502
    assert "S3 console does not answer" in text
    assert errors(caplog) == []
