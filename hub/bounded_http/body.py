"""A body that its handler collects, because its sender is known and it may be larger than the server's limits."""

from __future__ import annotations

from tornado import web
from tornado.httputil import HTTPServerRequest

from bounded_http.request_guard import allow


class Body:
    """Collects the body of a sender who is known by now; made in `prepare` of a handler that streams.

    Args:
        request: Whose body it is.
        most: In bytes.
        seconds: That it may take.
    """

    def __init__(self, request: HTTPServerRequest, most: int, seconds: float) -> None:
        self._parts = bytearray()
        self._refusal: tuple[int, str] | None = None
        allow(request, most, seconds=seconds, on_refused=self._refuse)

    def _refuse(self, status: int, reason: str) -> None:
        self._refusal = (status, reason)
        self._parts.clear()

    def add(self, chunk: bytes) -> None:
        """Takes the next part."""
        self._parts += chunk

    def take(self) -> bytes:
        """Returns the whole body, and forgets it.

        Raises:
            HTTPError: It was too large, or there was no room for it.
        """
        if self._refusal:
            status, reason = self._refusal
            raise web.HTTPError(status, reason=reason)
        content = bytes(self._parts)
        self._parts.clear()
        return content
