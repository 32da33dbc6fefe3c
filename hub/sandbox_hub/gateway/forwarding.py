"""What is forwarded between a browser and a page of the stack: headers, cookies, and bodies of any size."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import aiohttp
from bounded_http import Limits, allow
from tornado.httputil import HTTPServerRequest

HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade",
}  # fmt: skip
REPLACED_HEADERS = {"host", "cookie", "authorization", "content-length", "accept-encoding"}
# Set here anew; or headers by which a user's driver could rule the whole origin: its service workers, its stored data.
DROPPED_HEADERS = {"content-length", "content-encoding", "set-cookie", "service-worker-allowed", "clear-site-data"}
CONTROL = re.compile("[\x00-\x1f\x7f]")
# An upstream must not open the hub's origin to pages of other origins (MailDev opens everything, with credentials).
CORS_PREFIX = "access-control-"
# Websockets of these pages carry lines and lists; a driver behind Spark's master could say anything.
MESSAGE_BYTES = 4 * 1024**2
# Each may have another one to its upstream, and a process often has 1,024 files.
LIMITS = Limits(connections=256)
UPLOAD_SECONDS = 3600
MAX_PARTS = 4


def strip_hub_cookies(header: str) -> str:
    """Returns a Cookie header without the hub's own cookies."""
    jar = SimpleCookie(header)
    return "; ".join(
        f"{name}={morsel.coded_value}"
        for name, morsel in jar.items()
        if not name.startswith(("jupyterhub-", "service-", "_xsrf"))
    )


def is_forwarded(header: str) -> bool:
    """Returns whether a header of an upstream's answer reaches the browser."""
    name = header.lower()
    return name not in HOP_BY_HOP | DROPPED_HEADERS and not name.startswith(CORS_PREFIX)


def as_header(value: str) -> str:
    """Returns an upstream's header, which aiohttp has decoded from UTF-8, as Tornado sends it byte by byte."""
    return CONTROL.sub(" ", value).encode("utf-8", "surrogateescape").decode("latin-1")


def has_body(request: HTTPServerRequest) -> bool:
    """Returns whether a request comes with a body."""
    return "Transfer-Encoding" in request.headers or request.headers.get("Content-Length", "0") != "0"


class Upload:
    """A body on its way to an upstream: a few parts of it are here at a time, and its sender waits for those.

    Args:
        request: Whose body it is; its sender is logged in.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        self._parts: asyncio.Queue[bytes] = asyncio.Queue(MAX_PARTS)
        self._wanted, self.complete = True, False
        self.length = request.headers.get("Content-Length")
        allow(request, sys.maxsize, seconds=UPLOAD_SECONDS, counted=False)

    async def add(self, part: bytes) -> None:
        """Takes the next part, as soon as there is room; an empty one is the end."""
        self.complete = not part
        if self._wanted:
            await self._parts.put(part)

    async def parts(self) -> AsyncIterator[bytes]:
        """Yields what comes, until the end."""
        while part := await self._parts.get():
            yield part

    def on_answer(self, answer: asyncio.Task[aiohttp.ClientResponse]) -> None:
        """Drops the rest: the upstream has answered, or there is none, or the sender has left."""
        if answer.cancelled() or answer.exception() or not self.complete:
            self.stop()

    def stop(self) -> None:
        """Drops the rest."""
        self._wanted = False
        while not self._parts.empty():
            self._parts.get_nowait()
        self._parts.put_nowait(b"")
