"""A bundle that is open for reading: its members, each within bounds, whoever has made it."""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from spark_etl.errors import ArgumentError, DamagedError
from spark_etl.store.bundle.format import BUNDLE_FILE, LARGEST, parse_info
from spark_etl.store.bundle.structure import Entry, find_entries

CHUNK = 4 << 20
THREADS = 4
OnProgress = Callable[[str, int, int], None]


class BundleArchive:
    """A bundle. Opening it checks the zip and bundle.json; `verify` reads all of it.

    Args:
        path: The file.

    Attributes:
        info: What it says of itself.
        sha256: Of the whole file; empty before `verify`.

    Raises:
        ArgumentError: There is no such file.
        DamagedError: It is no bundle; the member that is wrong is named.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise ArgumentError(f"{path} can't be read: {error.strerror}", hint="./sandbox export RUN FILE") from error
        try:
            self.entries = find_entries(self._file, str(path))
            self.info = parse_info(self.read(BUNDLE_FILE, LARGEST), self.where(BUNDLE_FILE))
            self._compare_list()
        except BaseException:
            self._file.close()
            raise
        self.sha256 = ""

    def __enter__(self) -> BundleArchive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def where(self, name: str) -> str:
        """Returns what a message calls a member."""
        return f"{self.path}: {name}"

    def _compare_list(self) -> None:
        """Refuses a file that has other members than it lists."""
        listed = {member.name: member.bytes for member in self.info.members}
        there = {name: entry.size for name, entry in self.entries.items() if name != BUNDLE_FILE}
        if len(listed) != len(self.info.members):
            raise DamagedError(f"{self.where(BUNDLE_FILE)} lists a member twice")
        for name in there.keys() ^ listed.keys():
            problem = "is not listed in" if name in there else "is missing, but listed in"
            raise DamagedError(f"{self.where(name)} {problem} {BUNDLE_FILE}")
        for name, size in there.items():
            if size != listed[name]:
                raise DamagedError(f"{self.where(name)} has {size:,} bytes, {BUNDLE_FILE} says {listed[name]:,}")

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yields the content of a member.

        Raises:
            DamagedError: It is cut, comes to another size than it says, or its checksum is another one.
        """
        entry = self.entries[name]
        crc, size = 0, 0
        for chunk in self._unpacked(entry) if entry.is_deflated else self._raw(entry):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            if size > entry.size:
                break
            yield chunk
        if size != entry.size:
            raise DamagedError(f"{self.where(name)} does not come to the size that it says")
        if crc != entry.crc:
            raise DamagedError(f"{self.where(name)}: its checksum is different: bytes have changed")

    def read(self, name: str, most: int) -> bytes:
        """Returns the content of a member.

        Args:
            name: The member.
            most: Bytes that such a document may have.

        Raises:
            DamagedError: It has more, or is damaged.
        """
        if self.entries[name].size > most:
            raise DamagedError(f"{self.where(name)} has more than {most >> 20} MB")
        return b"".join(self.chunks(name))

    def open(self, name: str) -> io.RawIOBase:
        """Returns a member that is stored as it is, for reading at any place.

        Raises:
            DamagedError: It is compressed.
        """
        entry = self.entries[name]
        if entry.is_deflated:
            raise DamagedError(f"{self.where(name)} is compressed, which no Parquet of a bundle is")
        return _Slice(self._file.fileno(), entry)

    def verify(self, on_progress: OnProgress | None = None) -> None:
        """Reads all of the file, and compares each member with its SHA-256.

        Args:
            on_progress: Is called with a member's name, and how many bytes of how many are compared.

        Raises:
            DamagedError: One is another one.
        """
        total, done = sum(member.bytes for member in self.info.members), 0
        with ThreadPoolExecutor(1) as whole, ThreadPoolExecutor(THREADS) as pool:
            self_hash = whole.submit(self._hash_file)
            for member, digest in zip(
                self.info.members, pool.map(self._hash, (each.name for each in self.info.members)), strict=True
            ):
                if digest != member.sha256:
                    raise DamagedError(f"{self.where(member.name)} is different: its SHA-256 is not the listed one")
                done += member.bytes
                if on_progress:
                    on_progress(member.name, done, total)
            self.sha256 = self_hash.result()

    def _hash(self, name: str) -> str:
        digest = hashlib.sha256()
        for chunk in self.chunks(name):
            digest.update(chunk)
        return digest.hexdigest()

    def _hash_file(self) -> str:
        digest, place = hashlib.sha256(), 0
        while chunk := os.pread(self._file.fileno(), CHUNK, place):
            digest.update(chunk)
            place += len(chunk)
        return digest.hexdigest()

    def _raw(self, entry: Entry) -> Iterator[bytes]:
        place, end = entry.offset, entry.offset + entry.packed
        while place < end and (chunk := os.pread(self._file.fileno(), min(CHUNK, end - place), place)):
            place += len(chunk)
            yield chunk

    def _unpacked(self, entry: Entry) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for chunk in self._raw(entry):
                yield unpacker.decompress(chunk, CHUNK)
                while unpacker.unconsumed_tail:
                    yield unpacker.decompress(unpacker.unconsumed_tail, CHUNK)
            yield unpacker.flush(CHUNK)
        except zlib.error as error:
            raise DamagedError(f"{self.where(entry.name)} can't be unpacked: {error}") from error
        if not unpacker.eof or unpacker.unused_data:
            raise DamagedError(f"{self.where(entry.name)} does not end where its content does")


class _Slice(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, number: int, entry: Entry) -> None:
        self._number, self._entry, self._place = number, entry, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._entry.size}[whence]
        self._place = max(base + offset, 0)
        return self._place

    def read(self, size: int = -1) -> bytes:
        left = max(self._entry.size - self._place, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        content = os.pread(self._number, wanted, self._entry.offset + self._place) if wanted else b""
        self._place += len(content)
        return content
