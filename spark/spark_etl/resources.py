"""The files of a project that are no code: queries, look-up tables, settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath

from spark_etl.project import Project

LONGEST_NAME = 255


class Resources:
    """What lies beside the code, as far as executors get it too; a file is read once, and only if it is named.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._hashes: dict[Path, str] = {}

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for file in self._project.files():
            if file.suffix != ".py":
                found.setdefault(file.name, []).append(file)
        return found

    def named(self, texts: Iterable[str]) -> dict[str, str]:
        """Returns path in the project → hash of the files whose name, or the end of whose path, is one of the texts."""
        found = {file for text in texts if 0 < len(text) <= LONGEST_NAME for file in self._called(text)}
        return {file.relative_to(self._project.path).as_posix(): self._hash(file) for file in sorted(found)}

    def _called(self, text: str) -> list[Path]:
        parts = PurePosixPath(text).parts
        parts = tuple(part for part in parts if part not in {"..", "/"})
        files = self._by_name.get(parts[-1], []) if parts else []
        return [file for file in files if file.parts[-len(parts) :] == parts]

    def _hash(self, file: Path) -> str:
        if file not in self._hashes:
            self._hashes[file] = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        return self._hashes[file]
