"""The stack's state folder: small JSON files that only their owner reads, replaced as a whole."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from sandbox_cli.errors import UsageError


def private_folder(path: Path) -> Path:
    """Makes the folder, with mode 0700, and returns it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def read(path: Path) -> dict[str, Any]:
    """Returns the file's object; {} if there is none.

    Raises:
        UsageError: It is not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} can't be read: {error}", hint=f"mv {path} {path}.bad, then sandbox up") from None
    if not isinstance(value, dict):
        raise UsageError(f"{path} is no JSON object", hint=f"mv {path} {path}.bad, then sandbox up")
    return value


def write(path: Path, value: dict[str, Any]) -> None:
    """Replaces the file as a whole, with mode 0600."""
    private_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2, default=str)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def refuse_readable(path: Path, *, leaked: str = "") -> None:
    """Refuses a file with secrets that others on this machine could have read.

    Args:
        path: The file.
        leaked: What to do if they did, where making the file anew is not it.

    Raises:
        UsageError: Its mode lets group or others in.
    """
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(
            f"{path} can be read by others on this machine (mode {stat.S_IMODE(path.stat().st_mode):04o}).",
            hint=f"chmod 600 {path}; if others may have read it: {leaked or f'sandbox down, rm {path}, sandbox up'}",
        )
