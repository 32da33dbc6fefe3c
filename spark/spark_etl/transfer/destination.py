"""Where data goes or comes from, as one types it: `s3://bucket/key`, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spark_etl.errors import ArgumentError
from spark_etl.names import alternatives
from spark_etl.printable import printable
from spark_etl.storage import is_s3, normalise, split_s3

LONGEST_KEY = 1024  # bytes, of S3


@dataclass(frozen=True)
class Destination:
    """A place in the store.

    Attributes:
        path: `s3a://bucket/key`, without a slash at its end.
        is_folder: Whether it was typed as one: with a slash at its end, or a bucket alone.
    """

    path: str
    is_folder: bool

    @property
    def is_bucket(self) -> bool:
        """Whether it is a whole bucket."""
        return not split_s3(self.path)[1]


def destination(text: str, buckets: Sequence[str]) -> Destination:
    """Returns the place that was typed.

    Args:
        text: `s3://bucket/key` or `s3a://…`.
        buckets: Those that there are.

    Raises:
        ArgumentError: It is none, or there is no such bucket.
    """
    shown, places = printable(text, one_line=True), ", ".join(f"s3://{name}/" for name in sorted(buckets))
    if not is_s3(text):
        raise ArgumentError(f"`{shown}` is no place in the store", hint=f"begin it with one of: {places}")
    try:
        path = normalise(text)
    except ArgumentError:
        raise ArgumentError(f"`{shown}` names no bucket", hint=f"begin it with one of: {places}") from None
    path = f"s3a://{path.split('://', 1)[1]}"
    bucket, key = split_s3(path)
    if bucket not in buckets:
        raise ArgumentError(
            f"there is no bucket `{printable(bucket, one_line=True)}`. {alternatives(bucket, buckets)}",
            hint="./sandbox data ls",
        )
    check_key(key)
    return Destination(path, text.endswith("/") or not key)


def check_key(key: str) -> None:
    """Refuses names that no object should have.

    Raises:
        ArgumentError: Names it.
    """
    shown = printable(key, one_line=True)
    if len(key.encode(errors="surrogateescape")) > LONGEST_KEY:
        raise ArgumentError(f"`{shown[:60]}…` is longer than the {LONGEST_KEY} bytes that S3 allows")
    if {".", ".."}.intersection(key.split("/")):
        raise ArgumentError(f"`{shown}`: S3 knows no `.` and no `..`", hint="write the whole path")
    if shown != key:
        raise ArgumentError(f"`{shown}` has characters that can't be shown, or that no encoding has", hint="rename it")
