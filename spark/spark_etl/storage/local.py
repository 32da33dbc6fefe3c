"""A folder as store: what unit tests and a laptop without S3 need."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from spark_etl.errors import StorageError
from spark_etl.storage.base import CHUNK, Entry, StoredObject, Upload
from spark_etl.storage.paths import local_path, normalise

# What `write`, `create` and `copy` make beside their target; a process that was killed leaves it.
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\.tmp")


class LocalStorage:
    """Objects as files; see `Storage`."""

    def answers(self) -> bool:
        """Returns True: a disk says what is wrong with it at once."""
        return True

    def walk(self, folder: str, *, beginning: str = "") -> Iterator[StoredObject]:
        """Yields every file below the folder."""
        for file in _files_below(str(local_path(folder)), beginning):
            with suppress(FileNotFoundError):  # deleted since its folder was listed
                yield _stored_as(f"file://{file.path}", file.stat())

    def folders(self, folder: str, *, after: str = "", before: str = "") -> list[str]:
        """Returns the names of the folders directly below."""
        path = local_path(folder)
        if not path.is_dir():
            return []
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
        return sorted(name for name in names if name > after and (not before or name < before))

    def names(self, folder: str) -> list[str]:
        """Returns the names of the folders and files directly below."""
        path = local_path(folder)
        return sorted(child.name for child in path.iterdir()) if path.is_dir() else []

    def entries(self, folder: str) -> Iterator[Entry]:
        """Yields the folders and files directly below."""
        for name in self.names(folder):
            path = local_path(folder) / name
            if path.is_dir():
                yield Entry(name, is_folder=True)
            elif path.is_file():
                stat = path.stat()
                yield Entry(name, False, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def find(self, path: str) -> StoredObject | None:
        """Returns a file without its content, or None."""
        file = local_path(path)
        return _stored(file) if file.is_file() else None

    def read(self, path: str, *, most: int | None = None) -> bytes | None:
        """Returns a file's content or its first bytes, or None."""
        try:
            with local_path(path).open("rb") as file:
                return file.read(-1 if most is None else most)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, path: str, content: bytes) -> None:
        """Writes beside the target and renames, so that no reader sees half a file."""
        target = local_path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
        temporary.write_bytes(content)
        temporary.replace(target)

    def read_chunks(self, path: str) -> Iterator[bytes]:
        """Yields a file's content."""
        try:
            with local_path(path).open("rb", buffering=0) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except OSError as error:
            raise StorageError(f"{path} can't be read: {error.strerror}") from error

    def write_chunks(self, path: str, chunks: Iterable[bytes], size: int) -> None:
        """Writes beside the target and renames; of another size than announced, nothing is left."""
        target = local_path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex}.tmp")
        try:
            with temporary.open("xb", buffering=0) as file:
                for chunk in chunks:
                    file.write(chunk)
                if file.tell() != size:
                    raise StorageError(f"{path}: {file.tell():,} bytes came of {size:,}")
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def create(self, path: str, content: bytes) -> bool:
        """Links a finished file to its name, which fails if there is one."""
        target = local_path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
        temporary.write_bytes(content)
        try:
            os.link(temporary, target)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        return True

    def copy(self, source: str, target: str) -> None:
        """Gives the file a second name, or copies it where that can't be."""
        origin, copy = local_path(source), local_path(target)
        copy.parent.mkdir(parents=True, exist_ok=True)
        temporary = copy.with_name(f".{copy.name}.{uuid.uuid4().hex}.tmp")
        try:
            os.link(origin, temporary)
        except OSError:
            shutil.copy2(origin, temporary)
        temporary.replace(copy)
        temporary.unlink(missing_ok=True)

    def delete(self, paths: Iterable[str]) -> None:
        """Deletes the files, Hadoop's checksum beside each, and the folders left empty."""
        for path in map(local_path, paths):
            path.unlink(missing_ok=True)
            path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
            _remove_if_empty(path.parent)

    def clear(self, folder: str) -> None:
        """Deletes the folder with everything in it."""
        with suppress(FileNotFoundError):
            shutil.rmtree(local_path(folder))

    def uploads(self, folder: str) -> Iterator[Upload]:
        """Yields the temporary files below the folder."""
        for file in _files_below(str(local_path(folder))):
            if is_temporary(file.name):
                with suppress(FileNotFoundError):
                    stat = file.stat()
                    yield Upload(f"file://{file.path}", "", datetime.fromtimestamp(stat.st_mtime, UTC), stat.st_size)

    def abort(self, upload: Upload) -> None:
        """Deletes the temporary file."""
        if is_temporary(upload.path):
            self.delete([upload.path])


def is_temporary(path: str) -> bool:
    """Returns whether a file is one that `write`, `create` or `copy` makes beside its target."""
    return TEMPORARY.fullmatch(path.rpartition("/")[2]) is not None


def _files_below(folder: str, beginning: str = "") -> Iterator[os.DirEntry[str]]:
    """Yields the files below a folder, sorted; links to folders are not followed."""
    try:
        with os.scandir(folder) as found:
            entries = sorted((each for each in found if each.name.startswith(beginning)), key=lambda each: each.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path)
        elif entry.is_file():
            yield entry


def _stored(file: Path) -> StoredObject:
    return _stored_as(normalise(str(file)), file.stat())


def _stored_as(path: str, stat: os.stat_result) -> StoredObject:
    written = datetime.fromtimestamp(stat.st_mtime, UTC)
    return StoredObject(path, stat.st_size, f"{stat.st_mtime_ns:x}-{stat.st_size:x}", written)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
