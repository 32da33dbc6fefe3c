"""The files of this machine that a path names: itself, or all below it.

1. Hidden files and folders (`.git`, `.DS_Store`, `_SUCCESS`) are left out and counted: readers pass over them.
2. Links are followed; one that leads back to a folder above it is refused.
3. What is no file (a socket, a pipe), can't be read or has a name that is no UTF-8 is refused by name.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spark_etl.errors import ArgumentError
from spark_etl.names import listing, nearest
from spark_etl.printable import printable
from spark_etl.storage import is_hidden

MOST_FILES = 100_000


@dataclass(frozen=True)
class LocalFile:
    """A file to bring along.

    Attributes:
        path: Where it is.
        name: Its path below what was named, with slashes.
        size: Bytes.
    """

    path: Path
    name: str
    size: int


@dataclass(frozen=True)
class LocalFiles:
    """What a path names.

    Attributes:
        root: The path.
        is_folder: Whether it is a folder.
        files: Sorted by name.
        hidden: Names of files and folders that were left out.
    """

    root: Path
    is_folder: bool
    files: Sequence[LocalFile]
    hidden: Sequence[str] = field(default=())

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def local_files(path: str) -> LocalFiles:
    """Returns the files that a path names.

    Raises:
        ArgumentError: There is no such path, nothing in it, or something that can't be read.
    """
    root = with_home(path)
    if not root.exists():
        raise ArgumentError(f"there is no file `{_shown(path)}`", hint=_neighbours(root))
    if not root.is_dir():
        return LocalFiles(root, False, [_file(root, root.name)])
    hidden: list[str] = []
    files: list[LocalFile] = []
    for file in _below(root, "", [], hidden):
        files.append(file)
        if len(files) > MOST_FILES:
            raise ArgumentError(f"{_shown(path)} has more than {MOST_FILES:,} files", hint="put its folders one by one")
    if not files:
        left_out = f"; hidden, and left out: {listing(map(_shown, hidden))}" if hidden else ""
        raise ArgumentError(f"there is no file in `{_shown(path)}`{left_out}", hint="is the path right?")
    return LocalFiles(root, True, files, hidden)


def with_home(path: str) -> Path:
    """Returns a path in which `~` is the folder of its user.

    Raises:
        ArgumentError: There is no such user on this machine.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ArgumentError(
            f"`{_shown(path)}`: this machine has no home folder of that user", hint="give the whole path"
        ) from None


def _below(folder: Path, prefix: str, above: list[tuple[int, int]], hidden: list[str]) -> Iterator[LocalFile]:
    """Yields the files below a folder; `above` are the folders that lead to it."""
    own = _identity(folder)
    if own in above:
        raise ArgumentError(
            f"{_shown(folder)} is a link to a folder above it: it has no end",
            hint="remove the link, or put a folder below",
        )
    try:
        names = sorted(child.name for child in folder.iterdir())
    except OSError as error:
        raise _unreadable(folder, error) from error
    for name in names:
        path, shown = folder / name, f"{prefix}{name}"
        if is_hidden(name):
            hidden.append(shown)
        elif path.is_dir():
            yield from _below(path, f"{shown}/", [*above, own], hidden)
        else:
            yield _file(path, shown)


def _identity(folder: Path) -> tuple[int, int]:
    try:
        found = folder.stat()
    except OSError as error:
        raise _unreadable(folder, error) from error
    return found.st_dev, found.st_ino


def _file(path: Path, name: str) -> LocalFile:
    """Returns a file that can be read.

    Raises:
        ArgumentError: It can't.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ArgumentError(f"the name of {_shown(path)} is no UTF-8, as names in S3 are", hint="rename it") from None
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ArgumentError(f"{_shown(path)} is no file: a device, a pipe or a socket", hint="leave it out")
        with path.open("rb"):
            pass
    except OSError as error:
        raise _unreadable(path, error) from error
    return LocalFile(path, name, found.st_size)


def _unreadable(path: Path, error: OSError) -> ArgumentError:
    if path.is_symlink() and not path.exists():
        return ArgumentError(f"{_shown(path)} is a link that leads nowhere", hint="remove it")
    return ArgumentError(f"{_shown(path)} can't be read: {error.strerror}", hint="check its rights: ls -l")


def _neighbours(path: Path) -> str:
    """Returns the names that lie where a path was looked for."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {_shown(folder)} either"
    try:
        names = [child.name for child in folder.iterdir() if not child.name.startswith(".")]
    except OSError:
        return "is the path right?"
    like = nearest(path.name, names)
    return (f"did you mean `{_shown(like)}`? " if like else "") + f"in {_shown(folder)}/ there are: {_names(names)}"


def _names(names: Sequence[str]) -> str:
    return listing(map(_shown, names))


def _shown(path: object) -> str:
    return printable(str(path), one_line=True)
