"""The file that a comparison is written to; whether that can be is known before anything is compared."""

from __future__ import annotations

import os
from pathlib import Path

from spark_etl.errors import ArgumentError

HINT = "--html FILE: a file in a folder that is there"


def check_target(file: Path) -> None:
    """Refuses a file that can't be written.

    Raises:
        ArgumentError: It is a folder, its folder is not there, or may not be written.
    """
    folder = file.parent
    if file.is_dir():
        raise ArgumentError(f"--html {file}: that is a folder", hint=HINT)
    if not folder.is_dir():
        raise ArgumentError(f"--html {file}: there is no folder {folder}", hint=HINT)
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise ArgumentError(f"--html {file}: it can't be written: no permission", hint=HINT)


def write_page(file: Path, page: str) -> None:
    """Writes a page.

    Raises:
        ArgumentError: It can't be written.
    """
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--html {file}: {error.strerror or error}", hint=HINT) from error
