"""Buckets as folders of a disk, for tests of what reads and writes `s3a://` paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import spark_etl.parquet
import spark_etl.storage
from spark_etl.storage import Entry, StoredObject, Upload
from spark_etl.storage.local import LocalStorage

SCHEME = "s3a://"


@dataclass
class FolderStore:
    """A store whose `s3a://bucket/key` is a file below a folder; see `Storage`.

    Attributes:
        root: The folder; each bucket is one in it.
        fail_at: A part of a path: writing such an object fails when it has been read to its end.
        error: What it fails with.
    """

    root: Path
    fail_at: str = ""
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self._local = LocalStorage()

    def files(self) -> dict[str, bytes]:
        """Returns path → content of all objects."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {f"{SCHEME}{path.relative_to(self.root)}": path.read_bytes() for path in found}

    def put(self, path: str, content: bytes) -> None:
        self._local.write(self._there(path), content)

    def _there(self, path: str) -> str:
        return f"file://{self.root}/{path.removeprefix(SCHEME)}"

    def _here(self, item: StoredObject) -> StoredObject:
        return replace(item, path=f"{SCHEME}{item.path.removeprefix(f'file://{self.root}/')}")

    def walk(self, folder: str) -> Iterator[StoredObject]:
        yield from map(self._here, self._local.walk(self._there(folder)))

    def folders(self, folder: str, **limits: str) -> list[str]:
        return self._local.folders(self._there(folder), **limits)

    def names(self, folder: str) -> list[str]:
        return self._local.names(self._there(folder))

    def entries(self, folder: str) -> Iterator[Entry]:
        yield from self._local.entries(self._there(folder))

    def find(self, path: str) -> StoredObject | None:
        found = self._local.find(self._there(path))
        return self._here(found) if found else None

    def read(self, path: str, *, most: int | None = None) -> bytes | None:
        return self._local.read(self._there(path), most=most)

    def write(self, path: str, content: bytes) -> None:
        self._local.write(self._there(path), content)

    def read_chunks(self, path: str) -> Iterator[bytes]:
        yield from self._local.read_chunks(self._there(path))

    def write_chunks(self, path: str, chunks: Iterable[bytes], size: int) -> None:
        def whole() -> Iterator[bytes]:
            yield from chunks
            if self.error and self.fail_at and self.fail_at in path:
                raise self.error

        self._local.write_chunks(self._there(path), whole(), size)

    def copy(self, source: str, target: str) -> None:
        self._local.copy(self._there(source), self._there(target))

    def delete(self, paths: Iterable[str]) -> None:
        self._local.delete(map(self._there, paths))

    def uploads(self, folder: str) -> Iterator[Upload]:
        del folder
        return iter(())


def install(root: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """Returns what `s3a://` leads to from here on, for all that goes through `storage_for` or opens Parquet."""
    store = FolderStore(root)
    for bucket in ("published", "scratch", "events"):
        (store.root / bucket).mkdir(parents=True)
    filesystem_for = spark_etl.parquet.filesystem_for

    def mapped(path: str, settings: Any = None) -> Any:
        return filesystem_for(store._there(path) if path.startswith(SCHEME) else path, settings)

    monkeypatch.setattr(spark_etl.storage, "_s3", lambda _settings: store)
    monkeypatch.setattr(spark_etl.parquet, "filesystem_for", mapped)
    return store
