"""Objects → files: written beside their names, checked, and then given them, so that no reader sees half of one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from spark_etl.errors import ArgumentError, StorageError
from spark_etl.printable import printable
from spark_etl.storage import S3Settings, StoredObject, name_of, relative_to, storage_for
from spark_etl.transfer.listing import Found
from spark_etl.transfer.local_files import with_home
from spark_etl.transfer.upload import OnBytes
from spark_etl.units import format_bytes

LONGEST_NAME = 255  # bytes, of most file systems


@dataclass(frozen=True)
class Download:
    """Objects, each with its file.

    Attributes:
        target: The file, or the folder, that appears.
        is_folder: Whether it is a folder.
        pairs: Object → its file, relative to the target; `.` is the target itself.
        settings: How to reach S3; from the environment if not given.
        overwrite: Whether a file that is there is replaced.
    """

    target: Path
    is_folder: bool
    pairs: Sequence[tuple[StoredObject, PurePosixPath]]
    settings: S3Settings | None = None
    overwrite: bool = False

    @property
    def bytes(self) -> int:
        """Bytes of all objects."""
        return sum(item.size for item, _ in self.pairs)

    def run(self, on_bytes: OnBytes | None = None) -> None:
        """Writes the files: all of them, or none.

        Raises:
            StorageError: The store does not give an object whole.
            ArgumentError: A file of the name has come meanwhile.
        """
        folder = self.target.parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{self.target.name[:100]}.", suffix=".part", dir=folder) as part:
            made, done = Path(part) / "target", 0
            for item, name in self.pairs:
                file = made / name
                file.parent.mkdir(parents=True, exist_ok=True)
                self._fetch(item, file, done, on_bytes)
                done += item.size
            _put_in_place(made, self.target, replace=self.overwrite or self.is_folder)

    def _fetch(self, item: StoredObject, file: Path, before: int, on_bytes: OnBytes | None) -> None:
        written = 0
        with file.open("xb") as opened:
            for chunk in storage_for(item.path, self.settings).read_chunks(item.path):
                opened.write(chunk)
                written += len(chunk)
                if on_bytes:
                    on_bytes(name_of(item.path), before + written, self.bytes)
        if written != item.size:
            raise StorageError(f"{item.path} has {written:,} bytes by now, and had {item.size:,}", hint="get it again")


def plan_download(found: Found, target: str | None, settings: S3Settings | None, *, overwrite: bool) -> Download:
    """Returns which file each object becomes; nothing is written yet.

    Args:
        found: The objects.
        target: A file or a folder; into a folder that is there, they go under their own name. None: this folder.
        settings: How to reach S3; from the environment if not given.
        overwrite: Whether a file that is there is replaced; a folder never is.

    Raises:
        ArgumentError: Something is there already, an object can't be a file, or the disk is too small.
    """
    path = with_home(target or ".")
    is_into = path.is_dir() or (target or "").endswith("/")
    path = path / name_of(found.path) if is_into else path
    pairs = [(item, _file_name(item, found)) for item in found.objects]
    _refuse_twofold(pairs)
    is_final = found.is_folder or path.is_dir() or not overwrite
    if is_final and (path.is_symlink() or path.exists()):
        raise _taken(path, can_replace=not found.is_folder and not path.is_dir())
    download = Download(path, found.is_folder, pairs, settings, overwrite)
    _refuse_full_disk(download)
    return download


def _file_name(item: StoredObject, found: Found) -> PurePosixPath:
    """Returns where an object lies below the target: no name of an object leads out of it.

    Raises:
        ArgumentError: No file can be called so.
    """
    if not found.is_folder:
        return PurePosixPath()
    parts = relative_to(item.path, found.path).split("/")
    impossible = any(part in {"", ".", ".."} or "\x00" in part or "\\" in part for part in parts)
    if impossible or any(len(part.encode(errors="replace")) > LONGEST_NAME for part in parts):
        raise ArgumentError(
            f"no file can be called as the object {printable(item.path, one_line=True)} is",
            hint="get the others one by one",
        )
    return PurePosixPath(*parts)


def _refuse_twofold(pairs: Sequence[tuple[StoredObject, PurePosixPath]]) -> None:
    """Refuses an object `a` beside an object `a/b`: on a disk, `a` is one of both."""
    files = {name for _, name in pairs}
    for item, name in pairs:
        if above := files.intersection(name.parents) - {PurePosixPath()}:
            raise ArgumentError(
                f"{printable(item.path, one_line=True)} can't be beside an object `{above.pop()}`: "
                "on a disk that is a file or a folder",
                hint="get them one by one",
            )


def _refuse_full_disk(download: Download) -> None:
    folder = next(each for each in [download.target.absolute(), *download.target.absolute().parents] if each.exists())
    free = shutil.disk_usage(folder).free
    if download.bytes > free:
        raise ArgumentError(
            f"{folder} has {format_bytes(free)} left, and {format_bytes(download.bytes)} are to come",
            hint="make room, or give another place",
        )


def _put_in_place(made: Path, target: Path, *, replace: bool) -> None:
    """Gives what was written its name; a folder never replaces anything that has something in it.

    Raises:
        ArgumentError: Something of that name has come meanwhile.
    """
    try:
        if replace:
            made.replace(target)
        else:
            os.link(made, target)
    except FileExistsError:
        raise _taken(target, can_replace=True) from None
    except OSError as error:
        raise ArgumentError(f"{printable(str(target))} can't be written: {error.strerror}") from error


def _taken(path: Path, *, can_replace: bool) -> ArgumentError:
    way = ", or --overwrite" if can_replace else ""
    return ArgumentError(f"{printable(str(path))} is there already", hint=f"give another name{way}")
