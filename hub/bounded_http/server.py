"""The server: how many connections there are, whose they are, and who gives way."""

from __future__ import annotations

import copy
from asyncio import Future
from typing import Any, cast

from tornado import httputil
from tornado.http1connection import HTTP1Connection, HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.log import gen_log

from bounded_http.fair_limit import Client, FairLimit
from bounded_http.limits import Limits
from bounded_http.log_limit import LOG_LIMIT
from bounded_http.request_guard import BUSY, CURRENT_REQUESTS, RequestGuard, format_size


class BoundedServer(HTTPServer):
    """Tornado's server within limits.

    Where an application makes its own `HTTPServer`, `HTTPServer.configure(BoundedServer, limits=…)` makes it this one.
    """

    def initialize(  # type: ignore[override]  # by keyword what Tornado takes by place as well
        self, request_callback: Any, *, limits: Limits | None = None, **more: Any
    ) -> None:
        """Takes Tornado's settings, but for those about sizes and time, which the limits replace."""
        self.limits = limits or Limits()
        bounds = {
            "chunk_size": self.limits.chunk_bytes,
            "max_header_size": self.limits.header_bytes,
            "idle_connection_timeout": self.limits.header_seconds,
            "max_body_size": self.limits.body_bytes,
            "max_buffer_size": self.limits.buffer_bytes,
        }
        super().initialize(request_callback, **{**more, **bounds})
        self._between_requests = copy.copy(self.conn_params)
        self._between_requests.header_timeout = self.limits.idle_seconds
        self._open: FairLimit[IOStream] = FairLimit(self.limits.connections)
        self._bodies: FairLimit[IOStream] = FairLimit(self.limits.bodies_bytes)
        gen_log.addFilter(LOG_LIMIT)

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Takes a connection; if it is one too many, the client with most of them loses one."""
        self._open.hold(stream, Client(str(address[0]) if address else ""), 1)
        self._drop_excess_connections()
        if not stream.closed():
            self._watch_answers(stream)
            super().handle_stream(stream, address)

    def _watch_answers(self, stream: IOStream) -> None:
        """Checks after each write how many bytes of answers are unread."""
        write = stream.write

        def watched(data: bytes | memoryview) -> Future[None]:
            written = write(data)
            if unsent_bytes(stream) > self.limits.small_bytes:
                self._drop_unread_answers()
            return written

        stream.write = watched  # type: ignore[method-assign]

    def _drop_excess_connections(self) -> None:
        if self._open.total > self.limits.connections:
            for stream in self._open.holders():  # a websocket that ends is not reported to the server
                if stream.closed():
                    self._open.release(stream)
        while loser := self._open.next_to_drop():
            client = self._open.client(loser)
            self._open.release(loser)
            # The proxy passes an answer on; of a connection that is cut it makes an error.
            if loser in CURRENT_REQUESTS:
                reason = f"the limit of {self.limits.connections} open connections is reached. Try again"
                CURRENT_REQUESTS[loser].refuse(BUSY, reason, drain=False)
            gen_log.warning("Closed a connection of %s: the limit is %d", client, self.limits.connections)
            loser.close()

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        """Returns what counts a request before the application has it."""
        # Only the headers of the first request have to come at once.
        cast(HTTP1ServerConnection, server_conn).params = self._between_requests
        connection = cast(HTTP1Connection, request_conn)
        self.release(connection.stream)  # what the last request held
        guard = RequestGuard(self, connection, super().start_request(server_conn, request_conn))
        CURRENT_REQUESTS[connection.stream] = guard
        self.set_client(connection.stream, guard.client)
        return guard

    def on_close(self, server_conn: object) -> None:
        """Forgets a connection; one that became a websocket is still counted."""
        stream = cast(HTTP1ServerConnection, server_conn).stream
        self.release(stream)
        CURRENT_REQUESTS.pop(stream, None)
        if stream.closed():
            self._open.release(stream)
        super().on_close(server_conn)

    def peer(self, stream: IOStream) -> str:
        """Returns the address at the other end of a connection."""
        return self._open.client(stream).peer

    def set_client(self, stream: IOStream, client: Client) -> None:
        """Sets for whom a connection is used now: the proxy uses one for many."""
        if not stream.closed():
            self._open.hold(stream, client, 1)

    def _drop_unread_answers(self) -> None:
        """Closes connections whose answers nobody reads, while all of these together are too much."""
        waiting: FairLimit[IOStream] = FairLimit(self.limits.answers_bytes)
        for stream in self._open.holders():
            if size := unsent_bytes(stream):
                waiting.hold(stream, self._open.client(stream), size)
        while loser := waiting.next_to_drop():
            gen_log.warning(
                "Closed a connection of %s: %s of answers are unread", waiting.client(loser), format_size(waiting.total)
            )
            waiting.release(loser)
            loser.close()

    def release(self, stream: IOStream) -> None:
        """Forgets a connection's body, which is gone."""
        self._bodies.release(stream)

    def reserve(self, stream: IOStream, client: Client, size: int) -> None:
        """Counts a body; if all together are too much, the client with most of them loses one.

        A client's own next body is refused rather than what it has sent of another.
        """
        self._bodies.hold(stream, client, size)
        while loser := self._bodies.next_to_drop():
            own = self._bodies.client(loser) == client
            loser = stream if own else loser
            self._bodies.release(loser)
            most = format_size(self.limits.bodies_bytes)
            reason = f"more than {most} of bodies are on their way at once. Try again in a moment"
            CURRENT_REQUESTS[loser].refuse(BUSY, reason)


def unsent_bytes(stream: IOStream) -> int:
    """Returns the bytes of answers that a connection has not taken yet."""
    return 0 if stream.closed() else len(stream._write_buffer)  # Tornado has no public name for it
