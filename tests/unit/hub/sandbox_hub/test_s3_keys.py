"""What a user's keys allow, read off the policy as S3 reads it; tests/integration tries it on MinIO."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from sandbox_hub.s3_keys import rights

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
    assert allowed is any(
        action in statement["Action"] and fnmatchcase(f"arn:aws:s3:::{resource}", pattern)
        for statement in rights("ada")["Statement"]
        for pattern in statement["Resource"]
    )
