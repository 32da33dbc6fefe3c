"""What others wrote, read in a process of its own: whatever it does to that process, the service goes on.

The process has no secrets in its environment, and little memory and time; it ends with its answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import sys
from pathlib import Path

from spark_etl.printable import printable

MEMORY_BYTES, CPU_SECONDS, SECONDS = 384 * 1024**2, 10, 30
log = logging.getLogger("sandbox.apart")


class PageError(Exception):
    """Raised when something can't be shown."""


async def run_apart(module: str, arguments: list[str], content: bytes | None = None, *, what: str) -> bytes:
    """Returns what a module of this package writes to stdout.

    Args:
        module: The module; it has to call `limit_this_process` before it reads anything.
        arguments: Its command line; no secrets.
        content: What it reads from stdin.
        what: What it reads, for the log and the message.

    Raises:
        PageError: It is not what it should be, or takes too much memory or time.
    """
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.defpath, "LANG": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL if content is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            answer, stderr = await process.communicate(content)
    except TimeoutError:
        raise PageError("It takes too long to be shown.") from None
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        last = stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        log.warning("no page of %s: %s %s", what, process.returncode, printable(last, one_line=True)[:300])
        raise PageError(f"It is no {what}, or takes more memory or time than there is for a page.")
    return answer


def limit_this_process() -> None:
    """Takes from this process what a page does not need; it is the first to go when memory is short."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
