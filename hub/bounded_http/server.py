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

from bounded_http.exchange import BUSY, CURRENT, Exchange, in_words
from bounded_http.limits import Limits
from bounded_http.quiet import QUIET
from bounded_http.shares import Client, Shares


class BoundedServer(HTTPServer):
    """Tornado's server within limits.

    Where an application makes its own `HTTPServer`, `HTTPServer.configure(BoundedServer, limits=…)` makes it this one.
    """

    def initialize(  # type: ignore[override]  # by keyword what Tornado takes by place as well
        self, request_callback: Any, *, limits: Limits | None = None, **more: Any
    ) -> None:
        """Takes Tornado's settings, and instead of those about sizes and time the limits."""
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
        self._open: Shares[IOStream] = Shares(self.limits.connections)
        self._bodies: Shares[IOStream] = Shares(self.limits.bodies_bytes)
        gen_log.addFilter(QUIET)

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Takes a connection; if it is one too many, the client with most of them loses one."""
        self._open.hold(stream, Client(str(address[0]) if address else ""), 1)
        self._make_room()
        if not stream.closed():
            self._watch_answers(stream)
            super().handle_stream(stream, address)

    def _watch_answers(self, stream: IOStream) -> None:
        """Looks at what is unread after each write that leaves something."""
        write = stream.write

        def watched(data: bytes | memoryview) -> Future[None]:
            written = write(data)
            if unsent(stream) > self.limits.small_bytes:
                self._let_go_of_answers()
            return written

        stream.write = watched  # type: ignore[method-assign]

    def _make_room(self) -> None:
        if self._open.total > self.limits.connections:
            for stream in self._open.holders():  # websockets end without a word to the server
                if stream.closed():
                    self._open.release(stream)
        while loser := self._open.gives_way():
            client = self._open.client(loser)
            self._open.release(loser)
            if loser in CURRENT:  # the proxy passes an answer on; of a connection that is cut it makes an error
                reason = f"{self.limits.connections} connections are open, which is all there may be. Try again"
                CURRENT[loser].refuse(BUSY, reason, drain=False)
            gen_log.warning("Closed a connection of %s: %d is all there are", client, self.limits.connections)
            loser.close()

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        """Returns what counts a request before the application has it."""
        # The first one's headers come at once, or it is nobody who wants something.
        cast(HTTP1ServerConnection, server_conn).params = self._between_requests
        connection = cast(HTTP1Connection, request_conn)
        self.release(connection.stream)  # what the last request held
        exchange = Exchange(self, connection, super().start_request(server_conn, request_conn))
        CURRENT[connection.stream] = exchange
        self.moves(connection.stream, exchange.client)
        return exchange

    def on_close(self, server_conn: object) -> None:
        """Forgets a connection; one that became a websocket is still counted."""
        stream = cast(HTTP1ServerConnection, server_conn).stream
        self.release(stream)
        CURRENT.pop(stream, None)
        if stream.closed():
            self._open.release(stream)
        super().on_close(server_conn)

    def peer(self, stream: IOStream) -> str:
        """Returns the address at the other end of a connection."""
        return self._open.client(stream).peer

    def moves(self, stream: IOStream, client: Client) -> None:
        """Says for whom a connection is used now: the proxy uses one for many."""
        if not stream.closed():
            self._open.hold(stream, client, 1)

    def _let_go_of_answers(self) -> None:
        """Closes connections whose answers nobody reads, while all of these together are too much."""
        waiting: Shares[IOStream] = Shares(self.limits.answers_bytes)
        for stream in self._open.holders():
            if size := unsent(stream):
                waiting.hold(stream, self._open.client(stream), size)
        while loser := waiting.gives_way():
            gen_log.warning(
                "Closed a connection of %s: %s of answers are unread", waiting.client(loser), in_words(waiting.total)
            )
            waiting.release(loser)
            loser.close()

    def release(self, stream: IOStream) -> None:
        """Says that a connection's body is gone."""
        self._bodies.release(stream)

    def reserve(self, stream: IOStream, client: Client, size: int) -> None:
        """Counts a body; if all together are too much, the client with most of them loses one.

        A client's own next body is refused rather than what it has sent of another.
        """
        self._bodies.hold(stream, client, size)
        while loser := self._bodies.gives_way():
            mine = self._bodies.client(loser) == client
            loser = stream if mine else loser
            self._bodies.release(loser)
            most = in_words(self.limits.bodies_bytes)
            CURRENT[loser].refuse(BUSY, f"more than {most} of bodies are on their way at once. Try again in a moment")


def unsent(stream: IOStream) -> int:
    """Returns the bytes of answers that a connection has not taken yet."""
    return 0 if stream.closed() else len(stream._write_buffer)  # Tornado has no public word for it
