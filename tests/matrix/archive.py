"""A tar of what a container gets: files by content, folders by path."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path


def archive(parts: Mapping[str, bytes | Path]) -> bytes:
    """Returns a tar of the parts under their names, readable by everybody."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, part in parts.items():
            if isinstance(part, bytes):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(part), 0o444
                tar.addfile(entry, BytesIO(part))
            else:
                tar.add(part, arcname=name, filter=_readable)
    return buffer.getvalue()


def _readable(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    member.uid, member.gid, member.mode = 10001, 100, 0o755
    return None if "__pycache__" in member.name else member
