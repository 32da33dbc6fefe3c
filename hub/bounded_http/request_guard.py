"""One request on its way in: counted before any handler sees it, and refused with a reason when it is too much."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio import Future
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Protocol

from tornado.http1connection import HTTP1Connection
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream
from tornado.log import gen_log

from bounded_http.fair_limit import Client
from bounded_http.limits import MB, Limits

OnRefused = Callable[[int, str], None]
# The request that each connection is at now.
CURRENT_REQUESTS: dict[IOStream, RequestGuard] = {}
TOO_MANY_HEADERS = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)
TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
BUSY = HTTPStatus.SERVICE_UNAVAILABLE


def allow(
    request: HTTPServerRequest,
    size: int,
    *,
    seconds: float | None = None,
    counted: bool = True,
    on_refused: OnRefused | None = None,
) -> None:
    """Lets a request have another body than its server's limits say; for `prepare` of a handler that streams.

    Args:
        request: Whose sender the handler knows by now.
        size: In bytes.
        seconds: That the body may take; None: as before.
        counted: Whether the handler keeps the body; what it passes on counts as part of the connection.
        on_refused: Is called with status and reason. The rest of the body is dropped then, and the handler answers at
            its end. None: the connection is closed.
    """
    guard = CURRENT_REQUESTS.get(request.connection.stream) if isinstance(request.connection, HTTP1Connection) else None
    if guard:
        guard.allow(size, seconds=seconds, counted=counted, on_refused=on_refused)


def source_address(request: HTTPServerRequest) -> str:
    """Returns the address that a request comes from: the proxy's word counts, if the proxy is on this machine.

    Whoever else says for whom it forwards may say anything.
    """
    connection = request.connection
    guard = CURRENT_REQUESTS.get(connection.stream) if isinstance(connection, HTTP1Connection) else None
    if guard is None:
        return request.remote_ip or ""
    return guard.source_address()


class Server(Protocol):
    """What a request needs of its server: see `bounded_http.server.BoundedServer`."""

    limits: Limits

    def peer(self, stream: IOStream) -> str:
        """Returns the address at the other end of a connection."""
        ...

    def set_client(self, stream: IOStream, client: Client) -> None:
        """Sets for whom a connection is used now."""
        ...

    def reserve(self, stream: IOStream, client: Client, size: int) -> None:
        """Counts a body."""
        ...

    def release(self, stream: IOStream) -> None:
        """Forgets a connection's body."""
        ...


class RequestGuard(HTTPMessageDelegate):
    """Stands between a connection and the application.

    Args:
        connection: Tornado makes a new one for each request of a stream.
        delegate: The application's.
    """

    def __init__(self, server: Server, connection: HTTP1Connection, delegate: HTTPMessageDelegate) -> None:
        self._server, self._connection, self._delegate = server, connection, delegate
        self._stream, self._limits = connection.stream, server.limits
        self._most, self._seconds, self._counted = self._limits.body_bytes, self._limits.body_seconds, True
        self._on_refused: OnRefused | None = None
        self._received_bytes = self._reserved = 0
        self._line, self._expects = "", False
        self._timer: asyncio.TimerHandle | None = None
        # Its body is being received; a handler has it already; the rest is dropped.
        self._reading = self._handled = self._dropped = False
        announce_close(connection)
        self.client = Client(server.peer(self._stream))

    def source_address(self) -> str:
        """See `bounded_http.source_address`."""
        own = str(self._stream.socket.getsockname()[0]) if self._stream.socket else ""
        return self.client.forwarded_for if self.client.peer == own and self.client.forwarded_for else self.client.peer

    def allow(self, size: int, *, seconds: float | None, counted: bool, on_refused: OnRefused | None) -> None:
        """See `bounded_http.allow`."""
        self._most, self._counted, self._on_refused = size, counted, on_refused
        if seconds is not None:
            self._seconds = seconds
            self._start_timer()

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Checks what is announced, after a handler that streams has said what it allows."""
        self._line = f"{start_line[0]} {start_line[1]}"[:120]
        if sum(1 for _ in headers.get_all()) > self._limits.headers:
            self._refuse_headers()
            return None
        self._expects = "Expect" in headers
        self._reading = True
        self.client = Client(self.client.peer, headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()[:45])
        self._server.set_client(self._stream, self.client)
        # The limit is ours: Tornado's answer doesn't say what is wrong.
        self._connection.set_max_body_size(sys.maxsize)
        self._start_timer()
        prepared = self._delegate.headers_received(start_line, headers)
        announced = headers.get("Content-Length", "")
        length = int(announced) if announced.isdecimal() and len(announced) < 20 else 0
        if prepared is None:
            self._count(length)
            return None
        self._handled = True
        return self._prepared(prepared, length)

    def _refuse_headers(self) -> None:
        reason = f"the request has more than {self._limits.headers} headers"
        gen_log.warning("Refused a request, 431: %s (%s, %s)", reason, self._line, self.client)
        body = json.dumps({"status": 431, "message": reason}).encode()
        self._dropped = True
        self._stream.write(TOO_MANY_HEADERS % (len(body), body))
        self._stream.close()

    async def _prepared(self, prepared: Awaitable[None], length: int) -> None:
        await prepared
        if not self._stream.closed():  # or it has been refused
            self._count(length)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Counts the bytes, whatever was announced, and passes them on unless they are too many."""
        if self._dropped:
            return None
        self._received_bytes += len(chunk)
        self._count(self._received_bytes)
        return None if self._dropped else self._delegate.data_received(chunk)

    def _count(self, size: int) -> None:
        if size > self._most:
            self.refuse(TOO_LARGE, f"the body is larger than the limit of {format_size(self._most)}")
        elif self._counted and size > max(self._reserved, self._limits.small_bytes):
            self._reserved = size
            self._server.reserve(self._stream, self.client, size)

    def finish(self) -> None:
        """Gives the whole request to the application, or ends a refused one."""
        self._stop_timer()
        if self._dropped and not self._handled:
            self._connection.finish()
        else:
            self._delegate.finish()

    def on_connection_close(self) -> None:
        """Passes it on to the application, unless it knows already."""
        self._stop_timer()
        if not self._dropped or self._handled:
            self._delegate.on_connection_close()

    def refuse(self, status: HTTPStatus, reason: str, *, drain: bool = True) -> None:
        """Answers in the application's place.

        Args:
            drain: Whether to read the rest of the body, and drop it; otherwise the connection is closed.
        """
        if self._dropped:
            return
        gen_log.warning("Refused a request, %d: %s (%s, %s)", status, reason, self._line, self.client)
        if not self._reading or (self._handled and not (self._on_refused and drain)):
            # A handler may have begun its answer.
            self._stream.close()
            return
        self._dropped, self._reserved = True, 0
        self._server.release(self._stream)
        if self._on_refused:
            self._on_refused(status, reason)
            self._start_timer(self._limits.drain_seconds, self._stream.close)
            return
        self._answer(status, reason)
        self._delegate.on_connection_close()
        if not drain or self._expects:  # a client that waits for "100 Continue" has sent nothing
            self._connection.finish()
        else:
            # Closing a socket with something unread resets it, and the answer may be lost with it.
            self._start_timer(self._limits.drain_seconds, self._stream.close)

    def _answer(self, status: HTTPStatus, reason: str) -> None:
        body = json.dumps({"status": status, "message": reason}).encode()
        headers = HTTPHeaders({"Content-Type": "application/json", "Content-Length": str(len(body))})
        self._connection.write_headers(ResponseStartLine("HTTP/1.1", status, status.phrase), headers, body)

    def _on_timeout(self) -> None:
        self._on_refused = None  # a body that doesn't end would have no answer
        self.refuse(HTTPStatus.REQUEST_TIMEOUT, f"the body took longer than {self._seconds:g} s")

    def _start_timer(self, seconds: float | None = None, then: Callable[[], None] | None = None) -> None:
        self._stop_timer(reading=self._reading)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds if seconds is None else seconds, then or self._on_timeout)

    def _stop_timer(self, *, reading: bool = False) -> None:
        self._reading = reading
        if self._timer:
            self._timer.cancel()


def announce_close(connection: HTTP1Connection) -> None:
    """Makes an answer that comes before its request has been read say that the connection ends with it.

    Tornado closes such a connection and doesn't say so: the proxy would send its next request there, and answer 503.
    """
    write_headers = connection.write_headers

    def announced(
        start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> Future[None]:
        if not connection._read_finished:  # Tornado has no public name for it
            headers["Connection"] = "close"
        return write_headers(start_line, headers, chunk)

    connection.write_headers = announced  # type: ignore[method-assign]


def format_size(size: int) -> str:
    """Returns a number of bytes as `256 KB` or `16 MB`."""
    return f"{size / MB:g} MB" if size >= MB else f"{size // 1024} KB"
