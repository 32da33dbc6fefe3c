"""A user of the stack, as a test has them: a password, and keys to S3 with a user's rights."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from minio.credentials.providers import AssumeRoleProvider

from minio import Minio
from sandbox_cli.stack.object_store import BUCKETS, REGION, s3_policy
from sandbox_cli.stack.secrets import s3_secret

HUB = "hub"  # the S3 user by whose right the hub makes keys for its users
KEY_SECONDS = 12 * 3600


@dataclass(frozen=True)
class StackUser:
    """An account of the hub.

    Attributes:
        name: The account's name.
        password: To log in with.
        access_key: Of temporary keys to S3, as a server of this user has them: for 12 hours.
        secret_key: Their secret.
        session_token: What belongs to them.
        endpoint: The store's `host:port`.
    """

    name: str
    password: str = field(repr=False)
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    endpoint: str

    @property
    def s3(self) -> Minio:
        """A client of the store with this user's rights: reads all, writes below `scratch/users/<name>/`."""
        return Minio(
            endpoint=self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            session_token=self.session_token,
            secure=False,
            region=REGION,
        )


def user_of(name: str, password: str, endpoint: str, s3_identity_key: str) -> StackUser:
    """Returns a user with new keys to S3, which MinIO makes as the hub asks for them: with a user's rights."""
    provider = AssumeRoleProvider(
        sts_endpoint=f"http://{endpoint}",
        access_key=HUB,
        secret_key=s3_secret(s3_identity_key, HUB),
        duration_seconds=KEY_SECONDS,
        policy=json.dumps(s3_policy(read=BUCKETS, write=[f"scratch/users/{name}/*", "events/logs/*"])),
        region=REGION,
    )
    keys = provider.retrieve()
    return StackUser(name, password, keys.access_key, keys.secret_key, keys.session_token or "", endpoint)
