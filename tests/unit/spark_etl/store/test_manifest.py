from __future__ import annotations

import json

import pytest
from spark_etl.errors import CheckpointError
from spark_etl.store.manifest import DataFile, Manifest, dump_manifest, parse_manifest

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
    unique=[["id"], ["customer", "day"]],
)


def test_what_is_written_is_read() -> None:
    assert parse_manifest(dump_manifest(MANIFEST), "m") == MANIFEST


def test_what_an_earlier_version_wrote_is_not_known_to_be_sorted() -> None:
    document = json.loads(dump_manifest(MANIFEST))
    del document["ordered"]
    assert parse_manifest(json.dumps(document).encode(), "m").ordered is False


def test_what_an_earlier_version_wrote_has_no_unique_keys() -> None:
    document = json.loads(dump_manifest(MANIFEST))
    del document["unique"]
    assert parse_manifest(json.dumps(document).encode(), "m").unique == []


def test_what_a_later_version_adds_is_passed_over() -> None:
    document = json.loads(dump_manifest(MANIFEST)) | {"profile": {}}
    assert parse_manifest(json.dumps(document).encode(), "m") == MANIFEST


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "m is damaged"),
        (b"{", "m is damaged"),
        (b"[]", "m is damaged"),
        (b'{"format": 1}', "m is damaged"),
        (dump_manifest(MANIFEST).replace(b'"format": 2', b'"format": 99'), "newer format"),
    ],
)
def test_what_is_no_manifest_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        parse_manifest(content, "m")


@pytest.mark.parametrize(
    "name", ["../other/part-0.parquet", "a/../../b.parquet", "/etc/passwd", ".", "a//b", "a\0b", 7]
)
def test_a_file_elsewhere_than_in_the_checkpoints_folder_is_refused(name: object) -> None:
    document = json.loads(dump_manifest(MANIFEST))
    document["files"][0]["name"] = name
    with pytest.raises(CheckpointError, match="m is damaged"):
        parse_manifest(json.dumps(document).encode(), "m")


@pytest.mark.parametrize(
    ("key", "value"),
    [("rows", -1), ("bytes", 10**30), ("columns", []), ("columns", {"id": 1}), ("feature", None), ("inputs", "x")]
    + [("unique", value) for value in (None, "id", {"id": []}, ["id"], [["id"], [1]])],
)
def test_a_manifest_of_wrong_types_is_refused(key: str, value: object) -> None:
    with pytest.raises(CheckpointError, match=f"m is damaged: TypeError: `{key}`"):
        parse_manifest(json.dumps(json.loads(dump_manifest(MANIFEST)) | {key: value}).encode(), "m")
