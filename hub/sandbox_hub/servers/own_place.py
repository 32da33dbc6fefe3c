"""A place of each user's own in the store, there to be seen from their first login: S3 knows no empty folder."""

from __future__ import annotations

import io

from minio.error import S3Error
from spark_etl.usernames import RESERVED

from sandbox_hub.keys.s3_keys import Key, http_pool, minio_client

BUCKET, NAME = "scratch", "README.md"
README = """# The place of {user}

What lies here is yours: nobody else may write to `s3a://scratch/users/{user}/`. Everybody on this stack may read it.

- Drop files on this folder in the S3 browser of JupyterLab.
- In a notebook: `frame.write.parquet("s3a://scratch/users/{user}/orders")`.
- On the machine of the sandbox: `./sandbox data put orders.csv --user {user}`.
"""


def make_place(endpoint: str, region: str, key: Key, user: str) -> bool:
    """Puts a README where a user may write, unless there is one; returns whether it did. Blocks.

    Args:
        endpoint: URL of the S3 API.
        region: Its region.
        key: Of the user's server: it may write there.
        user: Whose place.

    Raises:
        S3Error, HTTPError: The store does not answer, or refuses.
    """
    if user in RESERVED:  # the stack's own, in whose servers nobody works
        return False
    client, name = minio_client(endpoint, region, key, http_pool()), f"users/{user}/{NAME}"
    try:
        client.stat_object(bucket_name=BUCKET, object_name=name)
    except S3Error as error:
        if error.code != "NoSuchKey":
            raise
    else:
        return False
    content = README.format(user=user).encode()
    client.put_object(
        bucket_name=BUCKET,
        object_name=name,
        data=io.BytesIO(content),
        length=len(content),
        content_type="text/markdown; charset=utf-8",
    )
    return True
