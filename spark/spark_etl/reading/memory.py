"""How much may be pulled into this process without asking: neither 2 GB nor half of what is free."""

from __future__ import annotations

from pathlib import Path

from spark_etl import machine

LARGEST_PULL = 2_000_000_000
MEMINFO = Path("/proc/meminfo")


def most_in_memory() -> int:
    """Returns the bytes that are pulled without `force=True`; the other half is for what is made of them."""
    free = available_memory()
    return LARGEST_PULL if free is None else min(LARGEST_PULL, free // 2)


def available_memory() -> int | None:
    """Returns the bytes free on this machine and in this container; None where that is not known."""
    return min((size for size in (_of_machine(), machine.memory_left()) if size is not None), default=None)


def _of_machine() -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None
