"""One object from store to store, with the ETag that it has: a run's manifests know their files by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from spark_etl.storage import split_s3

if TYPE_CHECKING:
    from typing import BinaryIO

    from minio import Minio

SMALLEST_PART = 5 << 20  # S3's own bounds of a part
LARGEST_PART = 256 << 20  # is held in memory
IN_PARTS = re.compile(r"[0-9a-f]{32}-([0-9]+)")


def copy_object(source: Minio, path: str, target: Minio, to: str) -> str:
    """Copies an object, in the parts that it was uploaded in, and returns the ETag that it has got.

    Args:
        source: A client of the store that has it.
        path: Where it lies there.
        target: A client of the other store.
        to: Where it will lie.
    """
    (bucket, key), (to_bucket, to_key) = split_s3(path), split_s3(to)
    found = source.stat_object(bucket_name=bucket, object_name=key)
    size = found.size or 0
    response = source.get_object(bucket_name=bucket, object_name=key)
    try:
        made = target.put_object(
            bucket_name=to_bucket,
            object_name=to_key,
            data=cast("BinaryIO", response),
            length=size,
            part_size=_part_size(source, bucket, key, size, found.etag or ""),
        )
    finally:
        response.close()
        response.release_conn()
    return (made.etag or "").strip('"')


def _part_size(source: Minio, bucket: str, key: str, size: int, etag: str) -> int:
    """Returns the part size by which a copy gets the same ETag; 0 for the client's own where there is none."""
    parts = IN_PARTS.fullmatch(etag.strip('"'))
    wanted = size
    if parts and int(parts[1]) > 1:
        first = source.stat_object(bucket_name=bucket, object_name=key, extra_query_params={"partNumber": "1"})
        wanted = first.size or 0
        if wanted < SMALLEST_PART:
            return 0
    return 0 if wanted > LARGEST_PART else max(wanted, SMALLEST_PART)
