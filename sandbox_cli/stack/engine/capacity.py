"""What the engine's machine has left: checked before anything expensive starts."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.engine.connection import Engine

GB = 1_000_000_000
MIN_FREE_GB = 3.0
MIN_FREE_GB_TO_BUILD = 12.0
MIN_MEMORY_GB = 3.5


@dataclass(frozen=True)
class Capacity:
    """Resources of the machine that runs the containers.

    Attributes:
        free: Bytes free where the engine keeps its data; None where that can't be seen from here (a virtual machine).
        memory: Bytes of memory the engine has.
        cores: Cores the engine has.
    """

    free: int | None
    memory: int
    cores: int


def measure(engine: Engine) -> Capacity:
    """Returns what the engine's machine has."""
    free, _ = disk(engine) or (None, None)
    return Capacity(free, int(str(engine.info.get("MemTotal") or 0)), int(str(engine.info.get("NCPU") or 1)))


def disk(engine: Engine) -> tuple[int, int] | None:
    """Returns the bytes free where the engine keeps its data, and all of them; None where that can't be seen."""
    root = Path(str(engine.info.get("DockerRootDir") or "/var/lib/docker"))
    if not _visible(root):
        return None
    usage = shutil.disk_usage(root)
    return usage.free, usage.total


def _visible(root: Path) -> bool:
    try:
        return root.is_dir()
    except PermissionError:
        return False


def needed_gb(*, to_build: bool) -> float:
    """Returns the GB that must be free; `SANDBOX_MIN_FREE_GB` overrides it.

    Raises:
        UsageError: That variable is no number.
    """
    text = os.environ.get("SANDBOX_MIN_FREE_GB")
    if not text:
        return MIN_FREE_GB_TO_BUILD if to_build else MIN_FREE_GB
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"SANDBOX_MIN_FREE_GB is `{text}`, which is no number.") from None


def require_disk(capacity: Capacity, *, to_build: bool) -> None:
    """Refuses to begin what would fill the disk.

    Raises:
        StackError: There is too little left.
    """
    needed = needed_gb(to_build=to_build)
    if capacity.free is not None and capacity.free < needed * GB:
        raise StackError(
            f"The disk of the Docker engine has {capacity.free / GB:.1f} GB free; "
            f"{'building the images' if to_build else 'the stack'} needs {needed:.10g} GB.",
            hint="docker system df\nIt shows what takes the space. With SANDBOX_MIN_FREE_GB=2 less is required.",
        )


def memory_warning(capacity: Capacity) -> str | None:
    """Returns what to say when memory is tight."""
    if capacity.memory < MIN_MEMORY_GB * GB:
        return (
            f"the engine has {capacity.memory / GB:.1f} GB of memory; the stack wants {MIN_MEMORY_GB:g} GB. "
            "Try --workers 1, or give Docker more."
        )
    return None
