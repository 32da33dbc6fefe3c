"""The names of a bundle's members: each can be a file beside the others on every disk."""

from __future__ import annotations

from spark_etl.code.archive import ArchiveNames
from spark_etl.names import refused_by_windows

LONGEST_SEGMENT = 255


class BundleNames:
    """The names that a bundle has."""

    def __init__(self) -> None:
        self._names = ArchiveNames()

    def add(self, name: str) -> str | None:
        """Adds a name; returns why it can't be with the others, None if it can."""
        if not name.isprintable() or any(len(part.encode()) > LONGEST_SEGMENT for part in name.split("/")):
            return "its name can't be that of a file"
        if reason := self._names.add(name):
            return reason
        return next(filter(None, map(refused_by_windows, name.split("/"))), None)
