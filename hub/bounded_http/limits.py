"""What the clients of a listener may take of its memory and time."""

from __future__ import annotations

from dataclasses import dataclass

KB, MB = 1024, 1024**2


@dataclass(frozen=True)
class Limits:
    """What everybody together can make the process hold; the defaults suit pages and small API calls.

    In the worst case that is `connections * (header_bytes + chunk_bytes + small_bytes) + 2 * bodies_bytes +
    answers_bytes` and one answer: Tornado has a body twice while it is handled.

    Attributes:
        connections: Open at once, websockets among them. One more, and the client that has most loses its oldest.
        header_bytes: Of one request. The hub's proxy takes 16 KB.
        headers: Of one request; each takes far more memory than its bytes.
        header_seconds: From the connection to the end of the first request's headers.
        idle_seconds: From then on, between two requests. Long, since the proxy may use a connection just when it ends.
        body_bytes: Of one request, unless its handler allows more.
        body_seconds: From the headers to the end of the body, unless its handler allows more.
        small_bytes: A body up to this counts as part of its connection: logins go on while larger ones wait.
        bodies_bytes: Of all larger bodies together. More, and whoever holds most gives way.
        chunk_bytes: Read at once.
        answers_bytes: Of all answers that wait for their readers. More, and whoever has most of them loses the oldest.
        buffer_bytes: Of one connection. Only a websocket's message needs so much at once.
        drain_seconds: How long the rest of a refused body is read, and dropped, so that its sender reads the answer.
    """

    connections: int = 512
    header_bytes: int = 32 * KB
    headers: int = 100
    header_seconds: float = 10
    idle_seconds: float = 600
    body_bytes: int = 256 * KB
    body_seconds: float = 15
    small_bytes: int = 16 * KB
    bodies_bytes: int = 16 * MB
    answers_bytes: int = 32 * MB
    chunk_bytes: int = 16 * KB
    buffer_bytes: int = 16 * MB
    drain_seconds: float = 5
