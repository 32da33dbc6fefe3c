"""How much memory a driver in a notebook's container may take."""

from __future__ import annotations

MIB = 1024**2
LEAST, MOST = 512, 4096


def heap(limit: int | None) -> str:
    """Returns the heap of a driver, such as `682m`: a third of the container's memory, 512 MB at least, 4 GB at most.

    The other thirds are for what the JVM needs beside its heap, and for the notebook's Python and its server.
    """
    return f"{MOST if limit is None else max(LEAST, min(MOST, limit // 3 // MIB))}m"
