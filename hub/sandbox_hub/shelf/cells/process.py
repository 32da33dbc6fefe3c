"""The page of a notebook, made in a process of its own; see `sandbox_hub.apart`."""

from __future__ import annotations

import sys
from pathlib import Path

from spark_etl.printable import printable

from sandbox_hub.apart.process import PageError, limit_this_process, run_apart

MAX_NOTEBOOK_BYTES, MAX_OBJECT_BYTES = 12 * 1024**2, 48 * 1024**2


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
    return await run_apart(__name__, [str(file), printable(title, one_line=True)], what="notebook")


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
