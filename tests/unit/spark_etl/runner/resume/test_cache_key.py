"""In which words a resumed run tells why it computes again."""

from __future__ import annotations

from typing import Any

import pytest
from spark_etl.runner.resume.cache_key import differences

CODE = {"class": "net.Net", "modules": {"net": "a"}}
NOW: dict[str, Any] = {
    "code": CODE,
    "params": {},
    "dates": "2024-02-29",
    "sources": {},
    "settings": {},
    "sample": None,
    "versions": {"pyspark": "4.1.4", "holidays": "0.60"},
    "upstreams": {},
}


@pytest.mark.parametrize(
    ("was", "expected"),
    [
        ({}, []),
        ({"versions": {"pyspark": "4.1.4", "holidays": "0.50"}}, ["other versions: `holidays` 0.50, now 0.60"]),
        ({"versions": {"pyspark": "4.1.4"}}, ["other versions: `holidays` not recorded, now 0.60"]),
        (
            {"code": {**CODE, "files": {"q.sql": "a"}}},
            ["a file that it names has changed: `q.sql`"],
        ),
        (
            {"versions": {"pyspark": "4.1.4", "holidays": "0.60", "geopy": "2.4"}},
            ["other versions: `geopy` 2.4, now not installed here"],
        ),
        ({"code": {**CODE, "modules": {"net": "b"}}}, ["its code has changed: `net`"]),
    ],
)
def test_what_differs_is_named(was: dict[str, Any], expected: list[str]) -> None:
    assert list(differences({**NOW, **was}, NOW)) == expected


def test_a_file_that_an_older_version_did_not_record_is_not_said_to_have_changed() -> None:
    now = {**NOW, "code": {**CODE, "files": {"q.sql": "a"}}}
    assert list(differences(NOW, now)) == ["a file that it names was not recorded: `q.sql`"]
