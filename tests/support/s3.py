"""The object store through the eyes of one of its identities, over the published port."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from typing import Any

from minio.error import S3Error

from minio import Minio
from tests.support.sandbox import Sandbox


def secret_of(stack: Sandbox, identity: str) -> str:
    """Returns the secret key of a service's or user's access key."""
    if identity == "sandbox-root":
        return stack.secret("minio_root_password")
    digest = hmac.new(stack.secret("s3_identity_key").encode(), identity.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:40]


class ObjectStore:
    """What one identity sees of the buckets.

    Args:
        stack: Whose store.
        identity: An access key: `runner`, `spark-history`, `user-engineer`, `sandbox-root`, …
    """

    def __init__(self, stack: Sandbox, identity: str) -> None:
        self.identity = identity
        endpoint = f"127.0.0.1:{stack.port('s3')}"
        self.client = Minio(
            endpoint=endpoint,
            access_key=identity,
            secret_key=secret_of(stack, identity),
            secure=False,
            region="us-east-1",
        )

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Returns the keys below a prefix, without folder markers."""
        found = self.client.list_objects(bucket_name=bucket, prefix=prefix, recursive=True)
        return [str(x.object_name) for x in found if not str(x.object_name).endswith("/")]

    def read(self, bucket: str, key: str) -> bytes:
        """Returns an object's bytes."""
        response = self.client.get_object(bucket_name=bucket, object_name=key)
        try:
            return bytes(response.read())
        finally:
            response.close()
            response.release_conn()

    def json(self, bucket: str, key: str) -> Any:
        """Returns an object that is a JSON document."""
        return json.loads(self.read(bucket, key))

    def write(self, bucket: str, key: str, data: bytes = b"x") -> None:
        """Writes an object."""
        self.client.put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(data), length=len(data))

    def may(self, action: str, bucket: str, key: str) -> bool:
        """Tells whether this identity may `read` or `write` that key; any refusal but AccessDenied is an error."""
        try:
            self.read(bucket, key) if action == "read" else self.write(bucket, key)
        except S3Error as error:
            if error.code == "AccessDenied":
                return False
            if error.code == "NoSuchKey":
                return True
            raise
        return True
