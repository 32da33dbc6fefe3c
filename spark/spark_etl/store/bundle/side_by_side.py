"""Members that are stored as they are, written side by side: their sizes are known before, and so are their places.

Each is read, hashed and written by one thread. A plain zip is written one member after the other, by one.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from spark_etl.errors import StorageError
from spark_etl.store.bundle.part import Part

THREADS = 4
OnBytes = Callable[[str, int], None]


def write_side_by_side(
    archive: zipfile.ZipFile, parts: Sequence[tuple[Part, zipfile.ZipInfo]], on_bytes: OnBytes
) -> dict[str, str]:
    """Writes members behind those that a zip has, and returns the SHA-256 of each.

    Args:
        archive: Opened for writing; it has a member already.
        parts: The members, in order, none of them compressed, and their entries.
        on_bytes: Is called, by several threads, with a member's name and how many bytes more of it are written.

    Raises:
        StorageError: An object is gone, or has another size than it had.
    """
    if archive.fp is None:
        raise ValueError("the zip is closed")
    archive.fp.flush()
    writer = _Writer(archive.fp.fileno(), on_bytes)
    for part, info in parts:
        info.header_offset = archive.start_dir
        info.file_size = info.compress_size = part.size
        info.CRC = 0  # known when it is written
        archive.start_dir += len(info.FileHeader()) + part.size
        archive.filelist.append(info)
        archive.NameToInfo[info.filename] = info
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            digests = list(pool.map(lambda each: writer.write(*each), parts))
        except BaseException:
            writer.stop()
            pool.shutdown(cancel_futures=True)
            raise
    return {part.name: digest for (part, _), digest in zip(parts, digests, strict=True)}


class _Writer:
    """Writes members into a file, each at its place."""

    def __init__(self, number: int, on_bytes: OnBytes) -> None:
        self._number, self._on_bytes = number, on_bytes
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ends the writing of other members: one has failed, or somebody has interrupted."""
        self._stopped.set()

    def write(self, part: Part, info: zipfile.ZipInfo) -> str:
        """Writes a member and its header, and returns its SHA-256."""
        place = start = info.header_offset + len(info.FileHeader())
        digest, crc = hashlib.sha256(), 0
        for chunk in part.chunks({}):
            if self._stopped.is_set() or place + len(chunk) > start + part.size:
                break
            digest.update(chunk)
            crc = zlib.crc32(chunk, crc)
            self._write_all(chunk, place)
            place += len(chunk)
            self._on_bytes(part.name, len(chunk))
        if place != start + part.size:
            raise changed_meanwhile(part)
        info.CRC = crc
        self._write_all(info.FileHeader(), info.header_offset)
        return digest.hexdigest()

    def _write_all(self, content: bytes, place: int) -> None:
        left = memoryview(content)
        while left:
            written = os.pwrite(self._number, left, place)
            left, place = left[written:], place + written


def changed_meanwhile(part: Part) -> StorageError:
    """Returns the error of a member that has another size than it had when the export began."""
    return StorageError(
        f"{part.name} has not {part.size:,} bytes any more: it has changed meanwhile",
        hint="./sandbox runs verify RUN says what has changed; then export again",
    )
