"""The one door to MinIO: buckets and objects through the S3 API, users and policies through its admin API."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, MinioException, S3Error
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from minio import Minio, MinioAdmin
from sandbox_cli.errors import StackError
from sandbox_cli.stack.secrets import s3_secret

ROOT_USER = "sandbox-root"
REGION = "us-east-1"
BUCKETS = ("published", "scratch", "events")
EVENT_LOGS_MARK = "logs/.keep"
# The hub derives its users' keys from its own: see hub/sandbox_hub/keys/s3_keys.py.
SERVICES = ("hub", "runner", "spark-history")
# Had permanent keys in older versions; now the hub makes it new ones each hour.
FORMER = ("spark-connect",)
FAILURES = (MinioException, MinioAdminException, HTTPError)  # what a store ends a question with
WRITE = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")


class ObjectStore:
    """MinIO, with root's credentials, which stay here.

    Args:
        port: The S3 API's port on 127.0.0.1.
        secrets: The stack's generated secrets.
    """

    def __init__(self, port: int, secrets: Mapping[str, str]) -> None:
        self.endpoint = f"127.0.0.1:{port}"
        self._key = secrets["s3_identity_key"]
        self._password = secrets["minio_root_password"]
        provider = StaticProvider(ROOT_USER, self._password)
        self._s3 = self.client(ROOT_USER, self._password)
        self._admin = MinioAdmin(
            endpoint=self.endpoint, credentials=provider, region=REGION, secure=False, http_client=_http()
        )

    def client(self, access_key: str, secret: str | None = None) -> Minio:
        """Returns an S3 client of any S3 user of this stack."""
        secret = secret or s3_secret(self._key, access_key)
        return Minio(
            endpoint=self.endpoint,
            access_key=access_key,
            secret_key=secret,
            secure=False,
            region=REGION,
            http_client=_http(),
        )

    def accepts_root(self) -> bool:
        """Returns whether MinIO accepts the root password of the state folder.

        Raises:
            S3Error, HTTPError: It doesn't answer, or refuses for another reason.
        """
        try:
            self._s3.list_buckets()
        except S3Error as error:
            if error.code in {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"}:
                return False
            raise
        return True

    def make_buckets(self) -> list[str]:
        """Makes the buckets and the mark by which Spark knows its event log folder; returns those that were made."""
        existing = {bucket.name for bucket in self._s3.list_buckets()}
        made = [name for name in BUCKETS if name not in existing]
        for name in made:
            self._s3.make_bucket(bucket_name=name)
        if "events" in made or not self._exists("events", EVENT_LOGS_MARK):
            self._s3.put_object(bucket_name="events", object_name=EVENT_LOGS_MARK, data=io.BytesIO(b""), length=0)
        return made

    def _exists(self, bucket: str, key: str) -> bool:
        try:
            self._s3.stat_object(bucket_name=bucket, object_name=key)
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
            return False
        return True

    def sizes(self, bucket: str) -> Iterator[tuple[str, int]]:
        """Yields the key and the bytes of each object of a bucket."""
        for found in self._s3.list_objects(bucket_name=bucket, recursive=True):
            yield str(found.object_name), int(found.size or 0)

    def ensure_s3_user(self, access_key: str) -> bool:
        """Makes or repairs an S3 user and its rights; returns whether anything was changed."""
        policy = policy_of(access_key)
        if (
            self._accepts_secret(access_key)
            and self._has_its_policy(access_key)
            and _rights(self._policies().get(access_key)) == _rights(policy)
        ):
            return False
        self.set_s3_user(access_key, policy)
        return True

    def set_s3_user(self, access_key: str, policy: dict[str, Any]) -> None:
        """Makes an S3 user, and gives it a policy of its own name."""
        self._admin.user_add(access_key, s3_secret(self._key, access_key))
        self._admin.policy_add(access_key, policy=policy)
        self._attach(access_key)

    def remove_s3_user(self, access_key: str) -> bool:
        """Removes an S3 user with its keys; returns whether there was one."""
        if access_key not in json.loads(self._admin.user_list()):
            return False
        self._admin.user_remove(access_key)
        return True

    def _attach(self, access_key: str) -> None:
        try:
            self._admin.attach_policy([access_key], user=access_key)
        except MinioAdminException as error:
            if "PolicyChangeAlreadyApplied" not in str(error):
                raise

    def _accepts_secret(self, access_key: str) -> bool:
        """Returns whether MinIO accepts the user's derived secret."""
        try:
            self.client(access_key).list_buckets()
        except S3Error as error:
            return bool(error.code == "AccessDenied")
        return True

    def _has_its_policy(self, access_key: str) -> bool:
        """Returns whether its policy is attached to it: an `up` that was killed may have made both, and no more."""
        return str(json.loads(self._admin.user_info(access_key)).get("policyName", "")) == access_key

    def _policies(self) -> dict[str, Any]:
        return dict(json.loads(self._admin.policy_list()))


def policy_of(access_key: str) -> dict[str, Any]:
    """Returns what an S3 user of the stack may do, as an S3 policy document."""
    if access_key == "runner":
        return s3_policy(read=BUCKETS, write=[f"{bucket}/*" for bucket in BUCKETS])
    if access_key == "spark-history":
        return s3_policy(read=["events"], write=[])
    return s3_policy(read=BUCKETS, write=["scratch/users/*", "scratch/connect/*", "events/logs/*"])


def s3_policy(*, read: Sequence[str], write: Sequence[str], never: Sequence[str] = ()) -> dict[str, Any]:
    """Returns an S3 policy document.

    Args:
        read: Buckets of which everything is read.
        write: Patterns of objects, each with its bucket, that are written and deleted.
        never: Those among them that are not.
    """
    arn = "arn:aws:s3:::"
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            "Resource": [f"{arn}{bucket}" for bucket in read],
        },
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{arn}{bucket}/*" for bucket in read]},
    ]
    if write:
        statements.append(
            {"Effect": "Allow", "Action": list(WRITE), "Resource": [f"{arn}{resource}" for resource in write]}
        )
    if never:
        statements.append(
            {"Effect": "Deny", "Action": list(WRITE), "Resource": [f"{arn}{resource}" for resource in never]}
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _rights(policy: dict[str, Any] | None) -> set[tuple[str, str]]:
    """Returns each action with each resource: MinIO keeps a policy's lists in an order of its own."""
    statements = (policy or {}).get("Statement", [])
    return {(action, resource) for each in statements for action in each["Action"] for resource in each["Resource"]}


def failure(error: Exception) -> StackError:
    """Returns the error of a store that did not answer a command to its end."""
    return StackError(f"MinIO did not finish this command: {error}", hint="sandbox logs minio")


def answers(port: int) -> bool:
    """Returns whether MinIO says that it is ready."""
    try:
        answer = _http().request("GET", f"http://127.0.0.1:{port}/minio/health/ready")
    except HTTPError:
        return False
    return bool(answer.status == 200)


def _http() -> PoolManager:
    """Fails soon, since the callers wait by themselves. Never through a proxy: MinIO is on this machine."""
    return PoolManager(timeout=Timeout(connect=3, read=20), retries=Retry(total=1, backoff_factor=0.1))
