"""What an image is built from: which files, their hash, and the tar that BuildKit gets.

1. The hash changes when the name, the bytes or the executable bit of a file change, or the image it is built on does.
2. It does not change with owners, times, umask, the order of a directory, or files that only tools leave behind.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HASH_LENGTH = 12
_TIME = 1_577_836_800  # 2020-01-01: zip files, and so wheels, know no time before 1980
_LEFTOVERS = {"__pycache__", "node_modules", ".ipynb_checkpoints", ".venv", ".DS_Store"}
_LEFTOVER_SUFFIXES = (".pyc", ".pyo", ".egg-info", ".swp", "~")


@dataclass(frozen=True)
class Recipe:
    """How one of our images is made.

    Attributes:
        name: The image's name, without `sandbox/`.
        parent: The name of the image it is built on.
        folder: The build context, relative to the checkout.
        include: What of the folder belongs to the context; everything if empty.
        exclude: What of the folder doesn't.
        dockerfile: Relative to the folder.
    """

    name: str
    parent: str
    folder: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    dockerfile: str = "Dockerfile"

    def files(self, root: Path) -> list[tuple[str, Path]]:
        """Returns the context's files as (path in the context, path on disk), sorted."""
        top = root / self.folder
        starts = [top / part for part in self.include] or [top]
        found = {str(path.relative_to(top)): path for start in starts for path in _walk(start)}
        return sorted((name, path) for name, path in found.items() if not self._excluded(name))

    def _excluded(self, name: str) -> bool:
        return any(name == part or name.startswith(f"{part}/") for part in self.exclude)


def _walk(start: Path) -> Iterator[Path]:
    if start.is_symlink() or start.is_file():
        yield start
    elif start.is_dir():
        for entry in start.iterdir():
            if not is_leftover(entry.name):
                yield from _walk(entry)


def is_leftover(name: str) -> bool:
    """Returns whether a file of that name was left behind by a tool: no part of any image."""
    hidden_cache = name.startswith(".") and name.endswith("_cache")
    return name in _LEFTOVERS or name.endswith(_LEFTOVER_SUFFIXES) or hidden_cache


def content_hash(parts: Iterable[str], files: Iterable[tuple[str, Path]] = ()) -> str:
    """Returns 12 hex digits that stand for some strings and some files, by rules 1 and 2."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}\n".encode())
    for name, path in files:
        body = hashlib.sha256(_bytes(path)).hexdigest()
        digest.update(f"{len(name)}:{name} {_mode(path):o} {body}\n".encode())
    return digest.hexdigest()[:HASH_LENGTH]


def write_tar(files: Iterable[tuple[str, Path]], out: IO[bytes]) -> None:
    """Writes the files as a tar that is the same on every machine."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in files:
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.mode = _TIME, _mode(path)
            if path.is_symlink():
                entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
                tar.addfile(entry)
            else:
                body = path.read_bytes()
                entry.size = len(body)
                tar.addfile(entry, io.BytesIO(body))


def _bytes(path: Path) -> bytes:
    return str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()


def _mode(path: Path) -> int:
    if path.is_symlink():
        return 0o777
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
