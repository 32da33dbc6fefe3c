"""Where the service listens: so many connections, so large requests, so slow ones, and no more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

log = logging.getLogger("docker-api")
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)


@dataclass(frozen=True)
class Bounds:
    """What the hub, or whoever has got into it, may take. All of it together is a few megabytes of the container's 128.

    Attributes:
        connections: Open at once. The hub's spawner has one or two, its look at the disk and the health check another.
        idle_seconds: Without a whole request's headers. Longer than the hub's ten seconds between two looks.
        body_seconds: From the headers to the end of the body.
        headers: Of one request; docker-py sends eight.
        header_bytes: Of one of them.
        line_bytes: Of method and path.
        drain_seconds: How long the rest of a refused body is read and dropped, so that its sender reads the answer.
    """

    connections: int = 16
    idle_seconds: float = 30
    body_seconds: float = 10
    headers: int = 24
    header_bytes: int = 1024
    line_bytes: int = 1024
    drain_seconds: float = 2


class Gate:
    """Gives a connection to the server, unless it is one too many."""

    def __init__(self, server: web.Server, most: int) -> None:
        self._server, self._most = server, most

    def __call__(self) -> asyncio.Protocol:
        """Returns who talks to a new connection."""
        if len(self._server.connections) < self._most:
            return self._server()
        return Refusal(f"docker-api: the limit of {self._most} open connections is reached")


class Refusal(asyncio.Protocol):
    """Says why a connection is not taken, and closes it."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answers before anything is asked."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is a socket
        message = b'{"message": "%s"}' % self._reason.encode()
        transport.write(FULL % (len(message), message))
        transport.close()


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int, bounds: Bounds) -> AsyncIterator[int]:
    """Serves the application, and gives the port."""
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=bounds.idle_seconds,
        lingering_time=bounds.drain_seconds,
        max_headers=bounds.headers,
        max_field_size=bounds.header_bytes,
        max_line_size=bounds.line_bytes,
    )
    await runner.setup()
    assert runner.server  # noqa: S101 - it was set up
    loop = asyncio.get_running_loop()
    # As many as wait here can come in before the gate has counted the first of them.
    listener = await loop.create_server(Gate(runner.server, bounds.connections), host, port, backlog=bounds.connections)
    try:
        yield int(listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        await runner.cleanup()
