"""Clients of a server on 127.0.0.1: hasty ones, slow ones, and many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from bounded_http import BoundedServer, Limits
from tornado.testing import bind_unused_port

SECONDS = 10
AT_ONCE = 1 << 18
Answer = tuple[int, str]


class Connection:
    """An open connection; what is not read of it stays in the kernel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int, *, source: str = "127.0.0.1") -> Connection:
        """Connects from an address of this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)))

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Connection:
        """Sends headers and as much of a body as given, whatever length is said."""
        lines = {"Host": "here", "Content_Length": str(len(body)), **headers}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value)
        await self.more(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body[:AT_ONCE])
        return await self.more(body[AT_ONCE:])

    async def more(self, content: bytes) -> Connection:
        """Sends bytes as they are, unless the other end has had enough; none of them wait in this process."""
        with suppress(ConnectionError):
            for start in range(0, len(content), AT_ONCE):
                self._writer.write(content[start : start + AT_ONCE])
                await asyncio.wait_for(self._writer.drain(), SECONDS)
        return self

    async def answer(self) -> Answer:
        """Returns status and body of the next answer; 0 if the connection is closed without one."""
        try:
            head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), SECONDS)
            lines = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
            body = await asyncio.wait_for(self._reader.readexactly(int(lines.get("content-length", 0))), SECONDS)
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0, ""
        return int(head.split()[1]), body.decode()

    async def head(self) -> str:
        """Returns status and headers of the next answer, in lower case."""
        return (await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), SECONDS)).decode().lower()

    def close(self) -> None:
        """Hangs up."""
        self._writer.close()


async def ask(port: int, method: str = "GET", path: str = "/", body: bytes = b"", **more: str) -> Answer:
    """Sends a whole request and returns its answer."""
    connection = await Connection.to(port, source=more.pop("source", "127.0.0.1"))
    try:
        await connection.send(method, path, body, **more)
        return await connection.answer()
    finally:
        connection.close()


@asynccontextmanager
async def serving(application: Any, limits: Limits | None = None) -> AsyncIterator[int]:
    """Serves an application, and gives its port.

    Args:
        limits: None: as `HTTPServer` is configured.
    """
    from tornado.httpserver import HTTPServer  # noqa: PLC0415 - what an application of others would make

    server = BoundedServer(application, xheaders=True, limits=limits) if limits else HTTPServer(application)
    socket, port = bind_unused_port()
    server.add_socket(socket)
    try:
        yield port
    finally:
        server.stop()
        await server.close_all_connections()
