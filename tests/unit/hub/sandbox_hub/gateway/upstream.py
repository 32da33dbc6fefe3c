"""An upstream with pages of all kinds, and the gateway before it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import aiohttp
from bounded_http import BoundedServer
from sandbox_hub.gateway import forwarding, upstreams
from tornado import httpserver, iostream, web
from tornado.testing import bind_unused_port
from tornado.websocket import WebSocketClosedError, WebSocketHandler

Ask = Callable[..., tuple[int, Any, str]]


class Page(web.RequestHandler):
    """An upstream's page: generous to other origins, and tells what it got."""

    def get(self) -> None:
        self.set_header("Access-Control-Allow-Origin", self.request.headers.get("Origin", "*"))
        self.set_header("Access-Control-Allow-Credentials", "true")
        self.set_header("Service-Worker-Allowed", "/")
        self.set_header("Clear-Site-Data", '"*"')
        self.set_header("X-Page", "kept")
        self.set_cookie("theme", "dark")
        if self.get_argument("html", ""):
            self.write("<html><body><p>a page</p></body>")
            return
        self.write(f"{self.request.path} {self.request.headers.get('Cookie', 'no cookie')}")

    post = get


@web.stream_request_body
class Store(web.RequestHandler):
    """Counts what is uploaded; `/store/full` says no at once, and `/store/busy` reads nothing."""

    ended = ""

    async def prepare(self) -> None:
        self.size = 0
        if self.request.path.endswith("busy"):
            await asyncio.sleep(1)
        if self.request.path.endswith("full"):
            raise web.HTTPError(409)

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def put(self) -> None:
        self.write(f"{self.size} bytes, {self.request.headers.get('Content-Length', 'no')} announced")

    def on_connection_close(self) -> None:
        Store.ended = "given up"
        super().on_connection_close()


class Redirect(web.RequestHandler):
    def get(self) -> None:
        self.redirect("/elsewhere")


class Echo(WebSocketHandler):
    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(f"heard {message!r}")


class Broken(web.RequestHandler):
    """Breaks off after the first of its bytes."""

    async def get(self) -> None:
        self.write("half of")
        await self.flush()
        self.detach().close()


class Endless(web.RequestHandler):
    """Writes until nobody is there any more."""

    left = False

    async def get(self) -> None:
        with contextlib.suppress(iostream.StreamClosedError):
            while True:
                self.write(b"x" * 100_000)
                await self.flush()
        Endless.left = True


class Chatty(WebSocketHandler):
    """Talks until nobody is there any more."""

    left = False

    def on_message(self, message: str | bytes) -> None:
        self._talk = asyncio.create_task(self.talk(message))

    async def talk(self, message: str | bytes) -> None:
        with contextlib.suppress(WebSocketClosedError):
            while True:
                await self.write_message(message)
        Chatty.left = True


class Deaf(WebSocketHandler):
    """Is gone after the first word, without a goodbye."""

    def on_message(self, message: str | bytes) -> None:
        del message
        self.ws_connection.stream.close()


async def until_left(page: type[Endless | Chatty]) -> None:
    async with asyncio.timeout(10):
        while not page.left:
            await asyncio.sleep(0.01)


PAGES: list[Any] = [
    ("/store.*", Store),
    ("/moved", Redirect),
    ("/echo", Echo),
    ("/services/ui/mail", Echo),
    ("/broken", Broken),
    ("/endless", Endless),
    ("/chatty", Chatty),
    ("/deaf", Deaf),
    ("/.*", Page),
]


class Stage:
    """The gateway before an upstream; `port` is the gateway's."""

    def __init__(self, gateway: ModuleType) -> None:
        self._gateway = gateway
        self.port = 0

    async def __aenter__(self) -> Stage:
        listener, port = bind_unused_port()
        self._upstream = httpserver.HTTPServer(web.Application(PAGES), max_body_size=1 << 40)
        self._upstream.add_socket(listener)
        dead, dead_port = bind_unused_port()
        dead.close()
        upstreams.UPSTREAMS = {
            "page": upstreams.Upstream("Page", f"http://127.0.0.1:{port}", ""),
            "dead": upstreams.Upstream("Dead", f"http://127.0.0.1:{dead_port}", ""),
            "mail": replace(upstreams.UPSTREAMS["mail"], address=f"http://127.0.0.1:{port}"),
            "spark": replace(upstreams.UPSTREAMS["spark"], address=f"http://127.0.0.1:{port}"),
        }
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        listener, self.port = bind_unused_port()
        self._server = BoundedServer(self._gateway.application({"session": self._session}), limits=forwarding.LIMITS)
        self._server.add_socket(listener)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.stop()
        self._upstream.stop()
        await self._server.close_all_connections()
        await self._session.close()
