"""The object store as one of its users sees it, over the published port."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from typing import Any

from minio.error import S3Error

from minio import Minio
from tests.support.engine import Containers
from tests.support.sandbox import Sandbox


def keys_of(stack: Sandbox, s3_user: str) -> tuple[str, str]:
    """Returns the access key and the secret of a service, or of a user's running server (`user-NAME`)."""
    if s3_user == "sandbox-root":
        return s3_user, stack.secret("minio_root_password")
    if s3_user.startswith("user-"):
        variables = dict(one.split("=", 1) for one in Containers(stack.stack).one(s3_user).attrs["Config"]["Env"])
        return variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
    if s3_user == "spark-connect":
        lines = Containers(stack.stack).run(s3_user, "cat", "/run/keys/credentials").out.splitlines()
        keys = dict(line.split(" = ", 1) for line in lines if " = " in line)
        return keys["aws_access_key_id"], keys["aws_secret_access_key"]
    digest = hmac.new(stack.secret("s3_identity_key").encode(), s3_user.encode(), hashlib.sha256).digest()
    return s3_user, base64.urlsafe_b64encode(digest).decode()[:40]


class S3Client:
    """What one S3 user sees of the buckets.

    Args:
        stack: Whose store.
        s3_user: `runner`, `spark-history`, `sandbox-root`, …, or `user-engineer`: the keys of that server.
    """

    def __init__(self, stack: Sandbox, s3_user: str) -> None:
        self.s3_user = s3_user
        endpoint = f"127.0.0.1:{stack.port('s3')}"
        access, secret = keys_of(stack, s3_user)
        self.client = Minio(
            endpoint=endpoint,
            access_key=access,
            secret_key=secret,
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
        """Returns whether this user may `read` or `write` that key; any refusal but AccessDenied is an error."""
        try:
            self.read(bucket, key) if action == "read" else self.write(bucket, key)
        except S3Error as error:
            if error.code == "AccessDenied":
                return False
            if error.code == "NoSuchKey":
                return True
            raise
        return True
