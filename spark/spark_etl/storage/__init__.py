"""The few things done to a store besides Spark's own reading and writing: list, read, write, delete small objects."""

from spark_etl.storage.base import Entry, Storage, StoredObject
from spark_etl.storage.open import storage_for
from spark_etl.storage.paths import is_hidden, is_s3, join, name_of, normalise, relative_to, split_s3
from spark_etl.storage.settings import S3Settings

__all__ = [
    "Entry",
    "S3Settings",
    "Storage",
    "StoredObject",
    "is_hidden",
    "is_s3",
    "join",
    "name_of",
    "normalise",
    "relative_to",
    "split_s3",
    "storage_for",
]
