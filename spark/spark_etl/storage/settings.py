"""How to reach S3, from the same environment variables that AWS's own tools read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class S3Settings:
    """Where S3 answers and who asks.

    Attributes:
        endpoint: URL of an S3-compatible store; None for AWS's own.
        region: The region that requests are signed for; with None that of the profile, else us-east-1.
        access_key: The S3 user; with None the keys are looked for, see `spark_etl.storage.credentials`.
        secret_key: Its secret.
        session_token: What belongs to temporary keys.
        read_seconds: How long an answer is waited for.
        profile: A profile of AWS's own tools, to look for keys in; it is not used where an access key is given.
    """

    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    read_seconds: float = 60
    profile: str | None = None

    @classmethod
    def from_env(cls) -> S3Settings:
        """Returns the settings of `AWS_ENDPOINT_URL_S3`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and so on."""
        env = os.environ
        return cls(
            endpoint=env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or None,
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or None,
            access_key=env.get("AWS_ACCESS_KEY_ID") or None,
            secret_key=env.get("AWS_SECRET_ACCESS_KEY") or None,
            session_token=env.get("AWS_SESSION_TOKEN") or None,
            profile=env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE") or None,
        )

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return urlsplit(self.endpoint).netloc if self.endpoint else "s3.amazonaws.com"

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.endpoint is None or self.endpoint.startswith("https:")

    @property
    def s3_user(self) -> str:
        """Who asks, as messages name it."""
        if self.access_key:
            return f"`{self.access_key}`"
        return f"the profile `{self.profile}`" if self.profile else "the default user"

    def __repr__(self) -> str:
        return f"S3Settings(endpoint={self.endpoint!r}, access_key={self.access_key!r}, profile={self.profile!r})"
