"""What each S3 user of the stack may do, read off its policy as S3 reads it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from sandbox_cli.stack.object_store import _rights, policy_of

READ, WRITE, LIST, DELETE = "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"


def may(s3_user: str, action: str, resource: str) -> bool:
    """Returns whether a policy allows an action, with `*` as S3 understands it."""
    return any(
        statement["Effect"] == "Allow"
        and action in statement["Action"]
        and fnmatchcase(f"arn:aws:s3:::{resource}", pattern)
        for statement in policy_of(s3_user)["Statement"]
        for pattern in statement["Resource"]
    )


@pytest.mark.parametrize(
    ("s3_user", "action", "resource", "allowed"),
    [
        ("runner", LIST, "published", True),
        ("runner", READ, "published/orders/x.parquet", True),
        ("runner", WRITE, "published/orders/x.parquet", True),
        ("runner", WRITE, "scratch/sandbox/revenue/run.json", True),
        ("runner", DELETE, "scratch/sandbox/revenue/run.json", True),
        ("runner", WRITE, "events/logs/app-1", True),
        ("runner", WRITE, "other/x", False),
        ("spark-history", LIST, "events", True),
        ("spark-history", READ, "events/logs/app-1", True),
        ("spark-history", WRITE, "events/logs/app-1", False),
        ("spark-history", READ, "scratch/x", False),
        ("spark-history", LIST, "published", False),
        ("hub", READ, "published/x", True),
        ("hub", WRITE, "scratch/users/ada/x", True),
        ("hub", WRITE, "scratch/connect/x", True),
        ("hub", WRITE, "scratch/sandbox/x", False),
        ("hub", WRITE, "published/x", False),
        ("hub", WRITE, "events/logs/app-1", True),
    ],
)
def test_an_s3_user_may_do_what_it_is_for(s3_user: str, action: str, resource: str, allowed: bool) -> None:
    assert may(s3_user, action, resource) is allowed


@pytest.mark.parametrize("s3_user", ["runner", "spark-history", "hub"])
def test_no_s3_user_may_change_buckets_or_policies(s3_user: str) -> None:
    actions = {action for statement in policy_of(s3_user)["Statement"] for action in statement["Action"]}
    assert not {action for action in actions if "*" in action or "Bucket" in action} - {
        "s3:GetBucketLocation",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
    }


def shuffled(policy: dict[str, Any]) -> dict[str, Any]:
    """Returns the policy as MinIO gives it back: same rights, in an order of its own."""
    return {
        "Version": policy["Version"],
        "Statement": [
            {**statement, "Action": statement["Action"][::-1], "Resource": statement["Resource"][::-1]}
            for statement in policy["Statement"][::-1]
        ],
    }


def test_the_same_rights_in_another_order_are_the_same() -> None:
    policy = policy_of("hub")
    assert _rights(shuffled(policy)) == _rights(policy)
    assert _rights(policy_of("spark-history")) != _rights(policy)
    assert _rights(None) == set()
