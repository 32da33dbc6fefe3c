"""The page of a notebook, made in a process of its own: whatever the notebook does to it, the shelf goes on.

The process has no secrets in its environment, and little memory and time; it ends with the page.
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
MAX_NOTEBOOK_BYTES, MAX_OBJECT_BYTES = 12 * 1024**2, 48 * 1024**2
log = logging.getLogger("sandbox.shelf")


class PageError(Exception):
    """Raised when a notebook can't be shown."""


async def notebook_page_apart(file: Path, title: str) -> bytes:
    """Returns the page of a notebook.

    Args:
        file: The notebook.
        title: Of the page.

    Raises:
        PageError: It is no notebook, or takes too much memory or time.
    """
    if file.stat().st_size > MAX_NOTEBOOK_BYTES:
        raise PageError(f"It has more than {MAX_NOTEBOOK_BYTES // 1024**2} MB.")
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.defpath, "LANG": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, str(file), printable(title, one_line=True)),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            page, stderr = await process.communicate()
    except TimeoutError:
        raise PageError("It takes too long to be shown.") from None
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        last = stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        log.warning("no page of %s: %s %s", file, process.returncode, printable(last, one_line=True)[:300])
        raise PageError("It is no notebook, or takes more memory or time than there is for a page.")
    return page


def limit_this_process() -> None:
    """Takes from this process what a page does not need; it is the first to go when memory is short."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def main(file: str, title: str) -> None:
    """Writes the page of a notebook to stdout."""
    limit_this_process()
    from spark_etl import bounded_json  # noqa: PLC0415 - of the limited process only

    from sandbox_hub.shelf.cells.page import notebook_page  # noqa: PLC0415

    content = Path(file).read_bytes()
    notebook = bounded_json.parse(content, "it", largest=MAX_NOTEBOOK_BYTES, in_objects=MAX_OBJECT_BYTES, finite=False)
    sys.stdout.buffer.write(notebook_page(notebook, title).encode("utf-8", "replace"))


if __name__ == "__main__":
    main(*sys.argv[1:])
