"""An object keeps its ETag on its way, however it was uploaded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox_cli.stack.private.copying import SMALLEST_PART, copy_object
from tests.support.fake_s3 import FakeS3, fake_s3


@pytest.fixture
def stores() -> Iterator[tuple[FakeS3, FakeS3]]:
    with fake_s3() as one, fake_s3() as other:
        other.buckets.add("lake")
        yield one, other


@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"small"],
        [b"x" * (SMALLEST_PART + 7)],
        [b"x" * (SMALLEST_PART + 1), b"y"],
        [b"x" * SMALLEST_PART, b"y" * SMALLEST_PART, b"z"],
    ],
)
def test_the_copy_has_its_content_and_its_etag(stores: tuple[FakeS3, FakeS3], parts: list[bytes]) -> None:
    one, other = stores
    etag = one.put("s3a://scratch/a b/part-0.parquet", *parts, is_plain=len(parts) == 1)

    made = copy_object(one.client(), "s3a://scratch/a b/part-0.parquet", other.client(), "s3://lake/x")

    assert made == etag == other.objects["lake/x"].etag
    assert other.objects["lake/x"].content == b"".join(parts)


def test_parts_that_no_client_makes_are_copied_all_the_same(stores: tuple[FakeS3, FakeS3]) -> None:
    one, other = stores
    one.put("s3a://scratch/x", b"tiny", b"parts", is_plain=False)

    copy_object(one.client(), "s3a://scratch/x", other.client(), "s3a://lake/x")

    assert other.objects["lake/x"].content == b"tinyparts"
