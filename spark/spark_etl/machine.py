"""This process on its machine: who runs it, what is free, and what the kernel limits, by cgroup v2 or v1."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")
# v1 has no value for "no limit", but a number larger than any memory.
UNLIMITED = 1 << 60


def process_user() -> str:
    """Returns the name of the user who runs this process; the number of one without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def user_and_host() -> dict[str, str]:
    """Returns who started the run, its host and process; the user of a run in a container comes by `SPARK_ETL_USER`."""
    return {
        "user": os.environ.get("SPARK_ETL_USER") or os.environ.get("SPARK_USER") or process_user(),
        "host": socket.gethostname(),
        "pid": str(os.getpid()),
    }


def available_memory() -> int | None:
    """Returns the bytes free on this machine and in this container; None where that is not known."""
    return min((size for size in (_free_memory(), memory_left()) if size is not None), default=None)


def memory_limit(cgroup: Path = CGROUP) -> int | None:
    """Returns bytes; None where there is no limit."""
    limit = _number(cgroup, "memory.max", "memory/memory.limit_in_bytes")
    return None if limit is None or limit >= UNLIMITED else limit


def memory_left(cgroup: Path = CGROUP) -> int | None:
    """Returns the bytes left below the limit; None where there is no limit.

    Cached pages of files count as used, though the kernel would drop them.
    """
    limit, used = memory_limit(cgroup), _number(cgroup, "memory.current", "memory/memory.usage_in_bytes")
    return None if limit is None or used is None else max(limit - used, 0)


def cpu_limit(cgroup: Path = CGROUP) -> float | None:
    """Returns cores; None where there is no limit."""
    both = _read(cgroup / "cpu.max")
    quota, period = both.split() if both else (_read(cgroup / f"cpu/cpu.cfs_{name}_us") for name in ("quota", "period"))
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def _free_memory() -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


def _number(cgroup: Path, *files: str) -> int | None:
    """Returns the number in the first of the files that there is."""
    text = next(filter(None, (_read(cgroup / file) for file in files)), "")
    return int(text) if text.isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
