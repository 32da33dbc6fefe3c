"""How much memory a driver in a notebook's container may take."""

from __future__ import annotations

from pathlib import Path

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
MIB = 1024**2
LEAST, MOST = 512, 4096
UNLIMITED = 2**60


def heap(files: tuple[Path, ...] = LIMITS) -> str:
    """Returns the heap of a driver, such as `682m`: a third of the container's memory, 512 MB at least, 4 GB at most.

    The other thirds are for what the JVM needs beside its heap, and for the notebook's Python and its server.
    """
    limits = [int(text) for text in map(_read, files) if text.isdigit()]
    limit = min(limits, default=UNLIMITED)
    return f"{max(LEAST, min(MOST, limit // 3 // MIB))}m"


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
