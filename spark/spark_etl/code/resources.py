"""The files of a project that are no code: queries, look-up tables, settings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from spark_etl.code.project import Project

LONGEST_NAME = 255


class Resources:
    """The files beside the code; one is read once, and only if the code names it.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._hashes: dict[Path, str] = {}

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for file in self._project.all_files():
            if file.suffix != ".py":
                found.setdefault(file.name, []).append(file)
        return found

    def files_named_in(self, texts: Iterable[str], folder: Path) -> frozenset[Path]:
        """Returns the files whose name, or the end of whose path, is one of the texts.

        Args:
            texts: The strings in the code.
            folder: Where the module lies: below it, and below the project's folder, a path is followed anywhere.
        """
        short = [text for text in texts if 0 < len(text) <= LONGEST_NAME]
        return frozenset(
            file for text in short for file in (*self._by_path_end(text), *self._by_full_path(text, folder))
        )

    def hashes(self, files: Iterable[Path]) -> dict[str, str]:
        """Returns path in the project → hash."""
        return {file.relative_to(self._project.path).as_posix(): self._hash(file) for file in sorted(files)}

    def _by_path_end(self, text: str) -> list[Path]:
        parts = PurePosixPath(text).parts
        parts = tuple(part for part in parts if part not in {"..", "/"})
        files = self._by_name.get(parts[-1], []) if parts else []
        return [file for file in files if file.parts[-len(parts) :] == parts]

    def _by_full_path(self, text: str, folder: Path) -> Iterator[Path]:
        for base in {self._project.path, folder}:
            file = Path(os.path.normpath(base / text))
            if self._is_resource(file) and os.path.isfile(file):  # noqa: PTH113 - a text that can be no path is no error
                yield file

    def _is_resource(self, file: Path) -> bool:
        inside = file.relative_to(self._project.path).parts if file.is_relative_to(self._project.path) else ()
        return bool(inside) and file.suffix != ".py" and not any(part.startswith(".") for part in inside)

    def _hash(self, file: Path) -> str:
        if file not in self._hashes:
            try:
                with file.open("rb") as content:
                    self._hashes[file] = hashlib.file_digest(content, "sha256").hexdigest()[:16]
            except OSError:
                self._hashes[file] = "unreadable"
        return self._hashes[file]
