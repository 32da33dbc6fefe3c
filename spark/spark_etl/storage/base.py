"""The protocol of a store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

CHUNK = 1 << 20
PLAIN = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class StoredObject:
    """One object of a store.

    Attributes:
        path: Its full path, of the same scheme as the one that was listed.
        size: Bytes.
        etag: Changes whenever the content does.
        modified: When it was written, in UTC; None where the store does not say. Two that differ in it alone are equal.
    """

    path: str
    size: int
    etag: str | None
    modified: datetime | None = field(default=None, compare=False)

    def has_content(self, etag: str | None) -> bool:
        """Returns whether its ETag and another one are of the same content.

        They are equal, or one was made by an upload in one part, whose ETag is a hash of the other's: Spark writes so,
        and most programs copy without parts.
        """
        if self.etag is None or etag is None:
            return self.etag == etag
        return _in_one_part(self.etag) == _in_one_part(etag)


def _in_one_part(etag: str) -> str:
    """Returns the ETag that the same content has when it is uploaded in one part."""
    return f"{hashlib.md5(bytes.fromhex(etag), usedforsecurity=False).hexdigest()}-1" if PLAIN.fullmatch(etag) else etag


@dataclass(frozen=True)
class Upload:
    """An object whose writing has begun and not ended: S3 keeps its parts, which no list of objects shows.

    Attributes:
        path: Where it would lie; of a folder, the temporary file.
        upload_id: What S3 calls it; empty in a folder.
        started: When, in UTC.
        size: Bytes so far; None where the store does not say.
    """

    path: str
    upload_id: str
    started: datetime
    size: int | None = None


@dataclass(frozen=True)
class Entry:
    """What lies directly below a folder.

    Attributes:
        name: Its last segment; empty for the object that marks the folder itself, which may be all there is of it.
        is_folder: Whether it is a folder.
        size: Bytes of an object; None for a folder.
        modified: When an object was written, in UTC; None for a folder.
    """

    name: str
    is_folder: bool
    size: int | None = None
    modified: datetime | None = None


class Storage(Protocol):
    """What spark_etl asks of a store. All paths are full paths, as `normalise` returns them."""

    def answers(self) -> bool:
        """Returns within seconds whether the store answers at all, be it with a refusal."""
        ...

    def walk(self, folder: str, *, beginning: str = "") -> Iterator[StoredObject]:
        """Yields every object below the folder, sorted by path; markers of folders are left out.

        Args:
            folder: Where to look.
            beginning: Only what lies in folders directly below, or is an object there, whose names begin so; the store
                does not look at others.
        """
        ...

    def folders(self, folder: str, *, after: str = "", before: str = "") -> list[str]:
        """Returns the names of the folders directly below, sorted.

        Args:
            folder: Where to look.
            after: Only names that sort after that; the store does not look at those before.
            before: Only names that sort before that; empty for all.
        """
        ...

    def names(self, folder: str) -> list[str]:
        """Returns the names of the folders and objects directly below, sorted; of very many, some."""
        ...

    def entries(self, folder: str) -> Iterator[Entry]:
        """Yields the folders and objects directly below, in the order of the store; none if there is no such folder."""
        ...

    def find(self, path: str) -> StoredObject | None:
        """Returns an object without its content, or None when there is no such object."""
        ...

    def read(self, path: str, *, most: int | None = None) -> bytes | None:
        """Returns an object's content, or None when there is no such object.

        Args:
            path: The object.
            most: Return no more than so many bytes, its first ones; the store sends little more.
        """
        ...

    def write(self, path: str, content: bytes) -> None:
        """Writes an object, whole or not at all."""
        ...

    def read_chunks(self, path: str) -> Iterator[bytes]:
        """Yields an object's content, some MB at a time.

        Raises:
            StorageError: It is not there.
        """
        ...

    def write_chunks(self, path: str, chunks: Iterable[bytes], size: int) -> None:
        """Writes an object of any size, whole or not at all; no more than some MB are in memory.

        Args:
            path: The object.
            chunks: Its content.
            size: Bytes of all chunks.
        """
        ...

    def create(self, path: str, content: bytes) -> bool:
        """Writes an object only if there is none; of several that try at once, one gets True."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Copies an object within the store, whole or not at all; its content does not pass through this process."""
        ...

    def delete(self, paths: Iterable[str]) -> None:
        """Deletes objects; one that is not there is no error."""
        ...

    def clear(self, folder: str) -> None:
        """Deletes everything below the folder, and what marks the folders themselves."""
        ...

    def uploads(self, folder: str) -> Iterator[Upload]:
        """Yields what is being written below the folder, or was and never came to its end."""
        ...

    def abort(self, upload: Upload) -> None:
        """Ends an upload without an object; one that has ended is no error."""
        ...
