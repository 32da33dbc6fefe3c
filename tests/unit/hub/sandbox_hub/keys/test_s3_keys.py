"""What a user's keys allow, read off the policy as S3 reads it; tests/integration tries it on MinIO."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from sandbox_hub.keys.s3_keys import connect_policy, user_policy

READ, WRITE, LIST, DELETE = "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        (LIST, "published", True),
        (READ, "published/x", True),
        (READ, "scratch/sandbox/x", True),
        (READ, "scratch/users/bob/x", True),
        (WRITE, "scratch/users/ada/x", True),
        (DELETE, "scratch/users/ada/x", True),
        (WRITE, "scratch/users/adam/x", False),
        (WRITE, "scratch/users/bob/x", False),
        (WRITE, "scratch/sandbox/x", False),
        (WRITE, "published/x", False),
        (DELETE, "published/x", False),
        (WRITE, "events/logs/app-1", True),
        ("s3:PutBucketPolicy", "scratch", False),
    ],
)
def test_a_user_may_read_all_and_write_their_own(action: str, resource: str, allowed: bool) -> None:
    assert may(user_policy("ada"), action, resource) is allowed


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        (READ, "published/x", True),
        (READ, "scratch/sandbox/x", True),
        (WRITE, "scratch/connect/x", True),
        (WRITE, "scratch/connected", False),
        (WRITE, "scratch/users/ada/x", False),
        (WRITE, "scratch/sandbox/x", False),
        (WRITE, "published/x", False),
        (WRITE, "events/logs/app-1", True),
        (WRITE, "events/x", False),
    ],
)
def test_spark_connect_may_read_all_and_write_its_own(action: str, resource: str, allowed: bool) -> None:
    assert may(connect_policy(), action, resource) is allowed


def may(policy: dict[str, Any], action: str, resource: str) -> bool:
    return any(
        action in statement["Action"] and fnmatchcase(f"arn:aws:s3:::{resource}", pattern)
        for statement in policy["Statement"]
        for pattern in statement["Resource"]
    )
