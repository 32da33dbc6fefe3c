"""A member of a bundle that is to be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_etl.storage import S3Settings, storage_for

Digests = Mapping[str, str]


@dataclass(frozen=True)
class Part:
    """A member that is to be written.

    Attributes:
        name: Its name.
        size: Its bytes.
        chunks: Returns its content, given the SHA-256 of each member before it.
        is_text: Whether it is compressed: documents are, Parquet is so already.
    """

    name: str
    size: int
    chunks: Callable[[Digests], Iterable[bytes]]
    is_text: bool = False

    @classmethod
    def of_text(cls, name: str, content: bytes) -> Part:
        """Returns the member of a document."""
        return cls(name, len(content), lambda _: [content], is_text=True)

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> Part:
        """Returns the member of something that is not worth compressing."""
        return cls(name, len(content), lambda _: [content])

    @classmethod
    def of_object(cls, name: str, path: str, size: int, settings: S3Settings | None) -> Part:
        """Returns the member of an object of a store."""
        return cls(name, size, lambda _: storage_for(path, settings).read_chunks(path))

    @classmethod
    def of_file(cls, name: str, file: Path) -> Part:
        """Returns the member of a file of this machine."""
        return cls.of_object(name, f"file://{file.absolute()}", file.stat().st_size, None)
