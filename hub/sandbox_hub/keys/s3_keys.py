"""Users' keys to S3: made by the hub when a server starts, revoked when it has ended.

MinIO knows the hub as one S3 user. The keys that the hub makes for a user can do no more than that S3 user may (all
that users may, together) and no more than `user_policy` says: MinIO checks both at each request. The hub is no admin
there.
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
from sandbox_hub.keys.secrets import read_secret

HUB_S3_USER = "hub"
# Keys are revoked when the server has ended; this is for those that were missed, such as of a volume that was moved.
MAX_LIFETIME = timedelta(days=30)
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


def user_policy(user: str) -> dict[str, Any]:
    """Returns a user's policy: read everything, write below their own prefix and their drivers' event logs."""
    return _policy(f"scratch/users/{user}/*", "events/logs/*")


def connect_policy() -> dict[str, Any]:
    """Returns Spark Connect's policy: read everything, write below its prefix and its event logs."""
    return _policy("scratch/connect/*", "events/logs/*")


def _policy(*writable: str) -> dict[str, Any]:
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
    """Makes keys for users, and revokes them; every call asks MinIO and blocks.

    Args:
        endpoint: URL of the S3 API.
        region: Its region.
        secret: Of the hub's own S3 user.
    """

    def __init__(self, endpoint: str, region: str, secret: str) -> None:
        parts = urlsplit(endpoint)
        self._endpoint, self._region, self._secret = endpoint, region, secret
        self._admin = MinioAdmin(
            endpoint=parts.netloc,
            credentials=StaticProvider(HUB_S3_USER, secret),
            region=region,
            secure=parts.scheme == "https",
            http_client=http_pool(),
        )

    def issue(self, user: str, server: str = "") -> Key:
        """Returns new keys for a user's server; those that a server of that name had before are revoked."""
        self.revoke_all(user, _description(server))
        return self.make(user, _description(server), user_policy(user), MAX_LIFETIME.total_seconds())

    def make(self, name: str, description: str, policy: dict[str, Any], seconds: float) -> Key:
        """Returns new keys with a policy, which end by themselves after some seconds."""
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

    def revoke_all(self, name: str, description: str, but: Collection[str] = ()) -> None:
        """Ends all keys that were made under a name and a description, but for some."""
        for account in self._accounts():
            mine = (account.get("name"), account.get("description")) == (name, description)
            if mine and account["accessKey"] not in but:
                self._admin.delete_service_account(str(account["accessKey"]))

    def revoke(self, access: str) -> None:
        """Ends keys at once; those that are gone already are no error."""
        if access in {account["accessKey"] for account in self._accounts()}:
            self._admin.delete_service_account(access)

    def _accounts(self) -> list[dict[str, Any]]:
        return list(json.loads(self._admin.list_service_account(HUB_S3_USER)).get("accounts") or [])

    def session(self, user: str) -> Key:
        """Returns temporary keys of a user, for an hour: what the S3 console signs in with."""
        provider = AssumeRoleProvider(
            sts_endpoint=self._endpoint,
            access_key=HUB_S3_USER,
            secret_key=self._secret,
            duration_seconds=SESSION_SECONDS,
            policy=json.dumps(user_policy(user)),
            region=self._region,
            http_client=http_pool(),
        )
        key = provider.retrieve()
        return Key(key.access_key, key.secret_key, key.session_token or "")


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


def server_keys_from_env() -> ServerKeys:
    """Returns what the hub's services make keys with, from their environment and the hub's secret."""
    return ServerKeys(os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"], read_secret("s3_secret_key"))


def _description(server: str) -> str:
    return f"server {server}".rstrip()


def http_pool() -> PoolManager:
    """Returns a pool that gives up soon on a store that doesn't answer: users wait for it."""
    return PoolManager(timeout=Timeout(connect=3, read=20), retries=Retry(total=2, backoff_factor=0.2))
