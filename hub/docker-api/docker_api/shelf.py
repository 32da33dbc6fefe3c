"""A user's folder on the team's shelf: made by the engine, since nobody else may give a folder to another user.

The shelf's volume belongs to root. Whoever could make a folder in it could take a name that is another's.
"""

from __future__ import annotations

import io
import tarfile
import time
from typing import Any


def folder(user: str, owner: str) -> bytes:
    """Returns a tar archive with the user's folder in it, empty, writable for its owner and readable for all.

    Args:
        user: The folder's name.
        owner: `uid:gid`.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(user)
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, int(time.time())
        entry.uid, entry.gid = (int(number) for number in owner.split(":"))
        archive.addfile(entry)
    return buffer.getvalue()


def belongs_to(created: dict[str, Any]) -> str:
    """Returns whose server the body of a create request makes."""
    return str(created["Labels"]["sandbox.user"])
