"""What this container may take, as the kernel holds it to it: by cgroup v2, or v1."""

from __future__ import annotations

from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60  # v1 has no word for it, but a number larger than any memory


def memory_limit(root: Path = ROOT) -> int:
    """Returns bytes; 0 for no limit."""
    text = _read(root / "memory.max") or _read(root / "memory/memory.limit_in_bytes") or "max"
    return int(text) if text.isdigit() and int(text) < UNLIMITED else 0


def cpu_limit(root: Path = ROOT) -> float:
    """Returns percent of a core, 200 for two of them; 0 for no limit."""
    told = _read(root / "cpu.max")
    quota, period = told.split() if told else (_v1(root, "quota"), _v1(root, "period"))
    return 100 * int(quota) / int(period) if quota.isdigit() and period.isdigit() else 0.0


def _v1(root: Path, name: str) -> str:
    return _read(root / f"cpu/cpu.cfs_{name}_us")


def _read(path: Path) -> str:
    """Returns what a file says, or nothing."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
