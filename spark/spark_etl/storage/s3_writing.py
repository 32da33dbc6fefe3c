"""What the MinIO SDK's `put_object` is given besides bytes: chunks as a stream, and a condition."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class ChunkStream:
    """Chunks as what the SDK reads from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes, as many as are asked for unless it is the end."""
        parts, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            parts.append(chunk)
            length += len(chunk)
        content = b"".join(parts)
        wanted = len(content) if size < 0 else size
        self._rest = content[wanted:]
        return content[:wanted]


def only_if_absent() -> Any:
    """Returns the condition of a PUT that is to write no object over another.

    `put_object` makes metadata of headers that it does not know, but sends those of an encryption as they are: see
    docs/adr/0024-private-names.md.
    """
    from minio.sse import Sse

    class OnlyIfAbsent(Sse):
        def headers(self) -> dict[str, str]:
            return {"If-None-Match": "*"}

        def tls_required(self) -> bool:
            return False

    return OnlyIfAbsent()
