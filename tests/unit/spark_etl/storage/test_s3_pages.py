"""Pages of a list are read as the SDK reads them: the real client at a real socket."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.errors import StorageError
from spark_etl.storage.s3 import S3Storage
from spark_etl.storage.s3_pages import ListedObject, all_below, parse_page

from tests.support.fake_s3 import fake_s3

KEYS = ["team/a b", "team/a+b", "team/%41", "team/é", "team/<&>", "team/x/", "team/x/1", "other"]
SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
ENTRY = (
    "<Contents><Key>{key}</Key><LastModified>2024-02-29T10:11:12.345Z</LastModified><ETag>&#34;abc&#34;</ETag>"
    "<Size>12</Size><Owner><ID>x</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>"
)
MOMENT = datetime(2024, 2, 29, 10, 11, 12, 345000, UTC)


def page(*keys: str, following: str = "", quoted: bool = True, space: str = SPACE) -> bytes:
    entries = "".join(ENTRY.format(key=key) for key in keys)
    token = f"<NextContinuationToken>{following}</NextContinuationToken>" if following else ""
    kind = "<EncodingType>url</EncodingType>" if quoted else ""
    cut = str(bool(following)).lower()
    return (
        f"<ListBucketResult {space}><IsTruncated>{cut}</IsTruncated>{kind}{token}{entries}</ListBucketResult>".encode()
    )


def test_the_real_client_lists_the_same_as_by_itself() -> None:
    """It calls a name of minio that is not public: see docs/adr/0024-private-names.md."""
    with fake_s3() as store:
        for key in KEYS:
            store.put(f"s3a://scratch/{key}", b"x" * len(key))
        client: Any = S3Storage(store.settings)._client
        assert client._execute
        expected = list(client.list_objects("scratch", prefix="team/", recursive=True))
        found = list(all_below(client, "scratch", "team/"))
        names = ("object_name", "size", "etag", "last_modified")
        assert [[getattr(each, name) for name in names] for each in found] == [
            [getattr(each, name) for name in names] for each in expected
        ]
        assert len(found) == len(KEYS) - 1
        walked = [item.path for item in S3Storage(store.settings).walk("s3a://scratch/team")]
        assert "s3a://scratch/team/x/" not in walked
        assert len(walked) == len(KEYS) - 2


@pytest.mark.parametrize("space", [SPACE, ""])
def test_keys_are_unquoted_where_the_store_has_quoted_them(space: str) -> None:
    quoted = parse_page(page("a%20b", "a+b", "a%2Bb", "x", space=space))
    assert [item.object_name for item in quoted.objects] == ["a b", "a b", "a+b", "x"]
    assert quoted.objects[-1] == ListedObject("x", 12, '"abc"', MOMENT)
    plain = parse_page(page("a%20b", "a+b", quoted=False, space=space))
    assert [item.object_name for item in plain.objects] == ["a%20b", "a+b"]


def test_each_page_is_asked_for_with_what_the_one_before_says() -> None:
    asked: list[dict[str, str]] = []
    answers = [page("a", following="t/1+"), page(following="t2"), page("b")]

    def execute(method: str, bucket: str, query_params: dict[str, str]) -> SimpleNamespace:
        asked.append(query_params)
        assert (method, bucket) == ("GET", "scratch")
        return SimpleNamespace(data=answers.pop(0))

    found = list(all_below(SimpleNamespace(_execute=execute), "scratch", "team/"))
    assert [item.object_name for item in found] == ["a", "b"]
    assert [query.get("continuation-token") for query in asked] == [None, "t/1+", "t2"]
    assert {query["prefix"] for query in asked} == {"team/"}


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"\xff", page("a", following="x").replace(b"NextContinuationToken", b"Other")],
)
def test_what_is_no_page_is_an_error_and_no_end_of_the_list(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"it answers with|decode"):
        parse_page(content)


def test_of_a_store_that_answers_so_an_error_names_it() -> None:
    with fake_s3() as store:
        storage = S3Storage(store.settings)
        storage._client = SimpleNamespace(_execute=lambda *_, **__: SimpleNamespace(data=b"<html>"))
        with pytest.raises(StorageError, match="s3a://scratch/team at http"):
            list(storage.walk("s3a://scratch/team"))
