"""Users' keys to S3: made by the hub when a server starts, taken back when it has ended.

MinIO knows one identity of the hub. What the hub makes of it for a user can do no more than the identity may (all that
users may, together) and no more than `rights` says: MinIO checks both at each request. The hub has no admin's rights.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from minio.credentials.providers import AssumeRoleProvider, StaticProvider
from urllib3 import PoolManager, Timeout
from urllib3.util import Retry

from minio import Minio, MinioAdmin
from sandbox_hub.secrets import secret

HUB = "hub"
# Taken back when the server has ended; this is for what nobody came back to, such as a volume that was moved away.
LONGEST = timedelta(days=30)
SESSION_SECONDS = 3600
WRITE = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")


@dataclass(frozen=True)
class Key:
    """A pair of keys to S3.

    Attributes:
        session: The token that belongs to temporary keys; empty for a server's.
    """

    access: str
    secret: str
    session: str = ""


def rights(user: str) -> dict[str, Any]:
    """Returns what a user may: read everything, write below their own prefix and their drivers' event logs."""
    return _rights(f"scratch/users/{user}/*", "events/logs/*")


def connect_rights() -> dict[str, Any]:
    """Returns what Spark Connect may, whoever asks it: read everything, write below its prefix and its event logs."""
    return _rights("scratch/connect/*", "events/logs/*")


def _rights(*writable: str) -> dict[str, Any]:
    bucket, own = "arn:aws:s3:::*", [f"arn:aws:s3:::{resource}" for resource in writable]
    listing = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": [*listing, "s3:GetObject"], "Resource": [bucket]},
            {"Effect": "Allow", "Action": list(WRITE), "Resource": own},
        ],
    }


class ServerKeys:
    """Makes keys for users, and takes them back; every call asks MinIO and blocks.

    Args:
        endpoint: URL of the S3 API.
        region: Its region.
        secret: Of the hub's own identity.
    """

    def __init__(self, endpoint: str, region: str, secret: str) -> None:
        parts = urlsplit(endpoint)
        self._endpoint, self._region, self._secret = endpoint, region, secret
        self._admin = MinioAdmin(
            endpoint=parts.netloc,
            credentials=StaticProvider(HUB, secret),
            region=region,
            secure=parts.scheme == "https",
            http_client=pool(),
        )

    def give(self, user: str, server: str = "") -> Key:
        """Returns new keys for a user's server; what a server of that name had before is taken back."""
        self.take_back_all_of(user, _described(server))
        return self.make(user, _described(server), rights(user), LONGEST.total_seconds())

    def make(self, name: str, description: str, policy: dict[str, Any], seconds: float) -> Key:
        """Returns new keys with some rights, which end by themselves after some time."""
        key = Key(secrets.token_hex(10), secrets.token_urlsafe(30))
        self._admin.add_service_account(
            access_key=key.access,
            secret_key=key.secret,
            name=name,
            description=description,
            policy=policy,
            expiration=(datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        return key

    def take_back_all_of(self, name: str, description: str, but: Collection[str] = ()) -> None:
        """Ends all keys that were made under a name and a description, but for some."""
        for account in self._given():
            mine = (account.get("name"), account.get("description")) == (name, description)
            if mine and account["accessKey"] not in but:
                self._admin.delete_service_account(str(account["accessKey"]))

    def take_back(self, access: str) -> None:
        """Ends keys at once; those that are gone already are no error."""
        if access in {account["accessKey"] for account in self._given()}:
            self._admin.delete_service_account(access)

    def _given(self) -> list[dict[str, Any]]:
        return list(json.loads(self._admin.list_service_account(HUB)).get("accounts") or [])

    def session(self, user: str) -> Key:
        """Returns temporary keys of a user, for an hour: what the S3 console signs in with."""
        provider = AssumeRoleProvider(
            sts_endpoint=self._endpoint,
            access_key=HUB,
            secret_key=self._secret,
            duration_seconds=SESSION_SECONDS,
            policy=json.dumps(rights(user)),
            region=self._region,
            http_client=pool(),
        )
        found = provider.retrieve()
        return Key(found.access_key, found.secret_key, found.session_token or "")


def minio_client(endpoint: str, region: str, key: Key, http_client: PoolManager | None = None) -> Minio:
    """Returns the store as these keys see it; without a pool, by the SDK's own, which waits for minutes."""
    parts = urlsplit(endpoint)
    return Minio(
        endpoint=parts.netloc,
        access_key=key.access,
        secret_key=key.secret,
        session_token=key.session or None,
        region=region,
        secure=parts.scheme == "https",
        http_client=http_client,
    )


def of_this_hub() -> ServerKeys:
    """Returns the maker of keys that the hub's services use, from their environment and the hub's secret."""
    return ServerKeys(os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"], secret("s3_secret_key"))


def _described(server: str) -> str:
    return f"server {server}".rstrip()


def pool() -> PoolManager:
    """Returns what gives up soon on a store that doesn't answer: users wait for it."""
    return PoolManager(timeout=Timeout(connect=3, read=20), retries=Retry(total=2, backoff_factor=0.2))
