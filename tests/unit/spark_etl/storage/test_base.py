"""What two ETags say of two contents."""

from __future__ import annotations

import pytest
from spark_etl.storage import StoredObject

MD5 = "df347a373b8f92aa0ae3dd920a5ec2f6"
ONE_PART = "324569adb57d09dffc2ec7b4c40f2104-1"


@pytest.mark.parametrize(
    ("etag", "other", "same"),
    [
        (MD5, MD5, True),
        (MD5, ONE_PART, True),
        (ONE_PART, MD5, True),
        (ONE_PART, ONE_PART, True),
        (MD5[::-1], ONE_PART, False),
        (f"{ONE_PART[:-1]}2", MD5, False),
        ("1700000000-12", "1700000001-12", False),
        (None, MD5, False),
        (None, None, True),
    ],
)
def test_a_copy_has_the_content_of_what_spark_wrote_in_one_part(etag: str | None, other: str, same: bool) -> None:
    assert StoredObject("s3a://b/x", 4, etag).has_content(other) is same
