"""Each user of the object store may do what it is for, and no more."""

from __future__ import annotations

import uuid
from functools import partial

import pytest
from minio.credentials import StaticProvider
from minio.error import MinioAdminException, S3Error

from minio import Minio, MinioAdmin
from tests.support.hub import HubClient
from tests.support.s3 import S3Client, keys_of
from tests.support.sandbox import Sandbox

R, W = "read", "write"
RIGHTS = [
    ("runner", "published", "orders", R + W),
    ("runner", "scratch", "team/x", R + W),
    ("runner", "events", "logs/x", R + W),
    ("spark-connect", "published", "x", R),
    ("spark-connect", "scratch", "team/x", R),
    ("spark-connect", "scratch", "connect/x", R + W),
    ("spark-history", "events", "logs/x", R),
    ("spark-history", "scratch", "team/x", ""),
    ("spark-history", "published", "x", ""),
    ("hub", "published", "x", R),
    ("hub", "scratch", "team/x", R),
    ("hub", "scratch", "users/ada/x", R + W),
    ("user-engineer", "published", "x", R),
    ("user-engineer", "scratch", "team/x", R),
    ("user-engineer", "scratch", "users/engineer/x", R + W),
    ("user-engineer", "scratch", "users/admin/x", R),
    ("user-engineer", "scratch", "users/engineer2/x", R),
    ("user-engineer", "events", "logs/x", R + W),
]


@pytest.fixture
def root(stack: Sandbox) -> S3Client:
    """The object store as its root sees it."""
    return S3Client(stack, "sandbox-root")


def test_an_s3_user_that_a_killed_up_left_without_its_rights_gets_them(stack: Sandbox, root: S3Client) -> None:
    admin = MinioAdmin(
        endpoint=f"127.0.0.1:{stack.port('s3')}",
        credentials=StaticProvider(*keys_of(stack, "sandbox-root")),
        region="us-east-1",
        secure=False,
    )
    admin.detach_policy(["runner"], user="runner")
    stack.restore()
    root.write("events", key := f"logs/{uuid.uuid4().hex}")
    try:
        assert S3Client(stack, "runner").may(R, "events", key)
    finally:
        root.client.remove_object(bucket_name="events", object_name=key)


@pytest.mark.parametrize(("s3_user", "bucket", "place", "rights"), RIGHTS)
def test_rights(
    stack: Sandbox, root: S3Client, engineer: HubClient, s3_user: str, bucket: str, place: str, rights: str
) -> None:
    if s3_user.startswith("user-"):
        engineer.start_server()
    store = S3Client(stack, s3_user)
    key = f"{place}-rights-{uuid.uuid4().hex}"
    root.write(bucket, key)
    try:
        assert store.may(R, bucket, key) == (R in rights)
        assert store.may(W, bucket, key) == (W in rights)
    finally:
        root.client.remove_object(bucket_name=bucket, object_name=key)


def test_nobody_reads_without_a_signature(stack: Sandbox, root: S3Client) -> None:
    anonymous = Minio(endpoint=f"127.0.0.1:{stack.port('s3')}", secure=False, region="us-east-1")

    with pytest.raises(S3Error, match="Access Denied"):
        list(anonymous.list_objects(bucket_name="published"))


def test_a_users_keys_work_in_their_server(engineer: HubClient) -> None:
    code = """
import pyarrow.fs as fs, os
store = fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL_S3"], region="us-east-1")
with store.open_output_stream("scratch/users/engineer/hello.txt") as out:
    out.write(b"hello")
print(store.open_input_stream("scratch/users/engineer/hello.txt").read())
try:
    store.open_output_stream("scratch/users/admin/hello.txt").close()
    print("WROTE ELSEWHERE")
except OSError as error:
    print("ACCESS_DENIED" in str(error) or "AccessDenied" in str(error) or "Access Denied" in str(error))
"""
    with engineer.kernel() as kernel:
        done = kernel.run(code)

    assert "b'hello'" in done.text
    assert "WROTE ELSEWHERE" not in done.text
    assert "True" in done.text


def test_keys_are_a_servers_own_and_end_with_it(stack: Sandbox, engineer: HubClient) -> None:
    engineer.start_server()
    first = S3Client(stack, "user-engineer")
    assert first.keys("scratch")

    engineer.stop_server()
    with pytest.raises(S3Error, match="InvalidAccessKeyId"):
        first.keys("scratch")

    engineer.start_server()
    assert S3Client(stack, "user-engineer").keys("scratch")
    with pytest.raises(S3Error, match="InvalidAccessKeyId"):
        first.keys("scratch")


def test_a_users_keys_make_no_others(stack: Sandbox, engineer: HubClient) -> None:
    engineer.start_server()
    access, secret = keys_of(stack, "user-engineer")
    admin = MinioAdmin(
        endpoint=f"127.0.0.1:{stack.port('s3')}",
        credentials=StaticProvider(access, secret),
        region="us-east-1",
        secure=False,
    )

    for attempt in (admin.add_service_account, admin.user_list, admin.info, partial(admin.list_service_account, "hub")):
        with pytest.raises(MinioAdminException, match="AccessDenied"):
            attempt()
