"""What S3 lists: objects, folders, and uploads that have not ended."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from spark_etl.storage.base import Entry, StoredObject, Upload
from spark_etl.storage.paths import split_s3
from spark_etl.storage.s3_client import translate_errors
from spark_etl.storage.s3_pages import all_below
from spark_etl.storage.settings import S3Settings

MOST_NAMES = 1000


class S3Lists:
    """The lists of a store; see `Storage`.

    Args:
        settings: How to reach it.
        client: The SDK's.
    """

    def __init__(self, settings: S3Settings, client: Any) -> None:
        self.settings = settings
        self._client = client

    def walk(self, folder: str, *, beginning: str = "") -> Iterator[StoredObject]:
        """Yields every object below the folder, without the markers of folders that Spark writes."""
        for item in self._all_below(folder, beginning):
            if not item.path.endswith("/"):
                yield item

    def folders(self, folder: str, *, after: str = "", before: str = "") -> list[str]:
        """Returns the names of the folders directly below; no page is asked for behind `before`."""
        bucket, key = split_s3(folder)
        prefix = _as_prefix(key)
        options: dict[str, Any] = {"start_after": f"{prefix}{after}"} if after else {}
        names = []
        with self._errors(folder):
            for item in self._client.list_objects(bucket, prefix=prefix, recursive=False, **options):
                name = _name_below(item, prefix)
                if before and item.is_dir and name >= before:
                    break
                if item.is_dir and name > after:
                    names.append(name)
        return sorted(names)

    def names(self, folder: str) -> list[str]:
        """Returns the names of the folders and objects directly below; at most a thousand."""
        bucket, key = split_s3(folder)
        prefix = _as_prefix(key)
        with self._errors(folder):
            items = itertools.islice(self._client.list_objects(bucket, prefix=prefix), MOST_NAMES)
            return sorted({_name_below(item, prefix) for item in items} - {""})

    def entries(self, folder: str) -> Iterator[Entry]:
        """Yields the folders and objects directly below, a page of the store's at a time."""
        bucket, key = split_s3(folder)
        prefix = _as_prefix(key)
        with self._errors(folder):
            for item in self._client.list_objects(bucket, prefix=prefix):
                yield _entry(item, prefix)

    def uploads(self, folder: str) -> Iterator[Upload]:
        """Yields the uploads in parts that have neither ended nor been aborted.

        The bucket's are asked for without a prefix: MinIO takes a prefix for the whole name of an object.
        """
        bucket, key = split_s3(folder)
        root = folder[: len(folder) - len(key)].rstrip("/")
        prefix, after = _as_prefix(key), None
        with self._errors(folder):
            while True:  # see docs/adr/0024-private-names.md
                page = self._client._list_multipart_uploads(bucket, key_marker=after)
                for each in page.uploads:
                    if each.object_name.startswith(prefix) and each.upload_id and each.initiated_time:
                        yield Upload(f"{root}/{each.object_name}", each.upload_id, each.initiated_time)
                if not page.is_truncated or page.next_key_marker in {None, after}:
                    return
                after = page.next_key_marker

    def _all_below(self, folder: str, beginning: str = "") -> Iterator[StoredObject]:
        """Yields also what marks a folder."""
        bucket, key = split_s3(folder)
        root = folder[: len(folder) - len(key)].rstrip("/")
        with self._errors(folder):
            for item in all_below(self._client, bucket, f"{_as_prefix(key)}{beginning}"):
                yield StoredObject(f"{root}/{item.object_name}", item.size, etag_of(item), item.last_modified)

    def _errors(self, path: str) -> AbstractContextManager[None]:
        return translate_errors(self.settings, path)


def etag_of(item: Any) -> str | None:
    """Returns the ETag of what the SDK returns, without its quotes."""
    return (item.etag or "").strip('"') or None


def _entry(item: Any, prefix: str) -> Entry:
    name = _name_below(item, prefix)
    return Entry(name, is_folder=True) if item.is_dir else Entry(name, False, item.size, item.last_modified)


def _name_below(item: Any, prefix: str) -> str:
    """Returns the name of what lies directly below; empty for the marker of the folder, and for a key with `//`."""
    return str(item.object_name[len(prefix) :].removesuffix("/"))


def _as_prefix(key: str) -> str:
    return f"{key}/" if key else ""
