"""What the gateway passes on between a browser and a page of the stack: headers, cookies, and bodies of any size."""

from __future__ import annotations

import asyncio
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
OURS = {"host", "cookie", "authorization", "content-length", "accept-encoding"}
# Set here anew; or what a user's driver could say of the whole origin: who works for it, what is forgotten there.
NEVER_PASSED = {"content-length", "content-encoding", "set-cookie", "service-worker-allowed", "clear-site-data"}
# What an upstream allows to pages of other origins (MailDev: everything, with credentials) is not its to allow here.
FOREIGN = "access-control-"
# Websockets of these pages carry lines and lists; a driver behind Spark's master could say anything.
MESSAGE_BYTES = 4 * 1024**2
# Each may have another one to its upstream, and a process often has 1,024 files.
LIMITS = Limits(connections=256)
UPLOAD_SECONDS = 3600
PARTS = 4


def cookies(header: str) -> str:
    """Returns a Cookie header without the hub's own cookies."""
    kept = SimpleCookie(header)
    return "; ".join(
        f"{name}={morsel.coded_value}"
        for name, morsel in kept.items()
        if not name.startswith(("jupyterhub-", "service-", "_xsrf"))
    )


def passed_on(header: str) -> bool:
    """Tells whether a header of an upstream's answer reaches the browser."""
    name = header.lower()
    return name not in HOP_BY_HOP | NEVER_PASSED and not name.startswith(FOREIGN)


def has_body(request: HTTPServerRequest) -> bool:
    """Tells whether a request comes with a body."""
    return "Transfer-Encoding" in request.headers or request.headers.get("Content-Length", "0") != "0"


class Upload:
    """A body on its way to an upstream: no more of it is here than a few parts, and its sender waits for those.

    Args:
        request: Whose body it is; its sender is logged in.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        self._parts: asyncio.Queue[bytes] = asyncio.Queue(PARTS)
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

    def is_answered(self, answer: asyncio.Task[aiohttp.ClientResponse]) -> None:
        """Drops what is still to come: the upstream has answered, or there is none, or the sender has left."""
        if answer.cancelled() or answer.exception() or not self.complete:
            self.stop()

    def stop(self) -> None:
        """Says that nobody wants the rest, which is dropped."""
        self._wanted = False
        while not self._parts.empty():
            self._parts.get_nowait()
        self._parts.put_nowait(b"")
