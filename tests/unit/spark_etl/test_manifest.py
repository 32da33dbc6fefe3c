from __future__ import annotations

import json

import pytest
from spark_etl.errors import CheckpointError
from spark_etl.manifest import DataFile, Manifest, dump_manifest, parse_manifest

MANIFEST = Manifest(
    feature="orders",
    run_id="20240229T101112Z-7f3a2c",
    columns={"id": "bigint"},
    spark_schema={"type": "struct", "fields": []},
    rows=3,
    bytes=10,
    files=[DataFile("part-0.parquet", 3, 10, "abc")],
    code={"fingerprint": "sha256:1"},
    inputs={},
    written="2024-02-29T10:11:12Z",
)


def test_what_is_written_is_read() -> None:
    assert parse_manifest(dump_manifest(MANIFEST), "m") == MANIFEST


def test_what_an_earlier_version_wrote_is_not_known_to_be_sorted() -> None:
    document = json.loads(dump_manifest(MANIFEST))
    del document["ordered"]
    assert parse_manifest(json.dumps(document).encode(), "m").ordered is False


def test_what_a_later_version_adds_is_passed_over() -> None:
    document = json.loads(dump_manifest(MANIFEST)) | {"profile": {}}
    assert parse_manifest(json.dumps(document).encode(), "m") == MANIFEST


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "m is damaged"),
        (b"{", "m is damaged"),
        (b"[]", "m is damaged"),
        (b'{"format": 1}', "m is damaged"),
        (dump_manifest(MANIFEST).replace(b'"format": 1', b'"format": 99'), "newer format"),
    ],
)
def test_what_is_no_manifest_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(CheckpointError, match=told):
        parse_manifest(content, "m")
