"""How much may be pulled into this process without asking: neither 2 GB nor half of what is free."""

from __future__ import annotations

from pathlib import Path

LARGEST_PULL = 2_000_000_000
MEMINFO = Path("/proc/meminfo")
CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def most_in_memory() -> int:
    """Returns the bytes that are pulled without `anyway=True`; the other half is for what is made of them."""
    free = available_memory()
    return LARGEST_PULL if free is None else min(LARGEST_PULL, free // 2)


def available_memory() -> int | None:
    """Returns the bytes free on this machine and in this container; None where neither says."""
    known = [size for size in (_of_machine(), *(_of_container(*files) for files in CGROUPS)) if size is not None]
    return min(known, default=None)


def _of_machine() -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


def _of_container(limit: Path, used: Path) -> int | None:
    """Returns what a container has left; pages of files that it has read count as used, though they would give way."""
    try:
        return max(int(limit.read_text()) - int(used.read_text()), 0)
    except (OSError, ValueError):  # `max`: no limit
        return None
