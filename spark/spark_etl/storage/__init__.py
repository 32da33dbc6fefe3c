"""The few things done to a store besides Spark's own reading and writing: list, read, write, delete small objects."""

from __future__ import annotations

from functools import lru_cache

from spark_etl.storage.base import Entry, Storage, StoredObject, Upload
from spark_etl.storage.local import LocalStorage
from spark_etl.storage.paths import is_hidden, is_s3, join, name_of, normalise, relative_to, split_s3
from spark_etl.storage.settings import S3Settings

__all__ = [
    "Entry",
    "S3Settings",
    "Storage",
    "StoredObject",
    "Upload",
    "is_hidden",
    "is_s3",
    "join",
    "name_of",
    "normalise",
    "relative_to",
    "split_s3",
    "storage_for",
]


def storage_for(path: str, settings: S3Settings | None = None) -> Storage:
    """Returns the store the path lies in.

    Args:
        path: Any path as `normalise` returns it.
        settings: How to reach S3; from the environment if not given.
    """
    if not is_s3(path):
        return LocalStorage()
    return _s3(settings or S3Settings.from_env())


@lru_cache(maxsize=8)
def _s3(settings: S3Settings) -> Storage:
    from spark_etl.storage.s3 import S3Storage

    return S3Storage(settings)
