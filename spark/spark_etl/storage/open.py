"""Finds the store of a path."""

from __future__ import annotations

from functools import lru_cache

from spark_etl.storage.base import Storage
from spark_etl.storage.local import LocalStorage
from spark_etl.storage.paths import is_s3
from spark_etl.storage.settings import S3Settings


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
