"""The secrets of the hub's container, and those derived from them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

FOLDER = Path("/run/secrets")


def secret(name: str) -> str:
    """Returns a secret that `sandbox up` put into the container.

    Raises:
        FileNotFoundError: It isn't there.
    """
    return (FOLDER / name).read_text(encoding="utf-8").strip()


def s3_secret(identity_key: str, access_key: str) -> str:
    """Returns the secret that belongs to an S3 access key of this stack: the same that provisioning computes."""
    digest = hmac.new(identity_key.encode(), access_key.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:40]
