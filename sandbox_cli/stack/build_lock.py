"""One builder at a time: two stacks of one user share their images, so the second waits and finds them built."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox_cli.console import Stage


@contextmanager
def only_builder(stage: Stage, path: Path | None = None) -> Iterator[None]:
    """Holds the lock while the block runs; waits for whoever has it, and says so."""
    path = path or Path(tempfile.gettempdir()) / f"sandbox-build-{os.getuid()}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        told = False
        while not _take(handle):
            if not told:
                stage.update("waiting: another `sandbox up` is building images")
                told = True
            time.sleep(0.3)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
