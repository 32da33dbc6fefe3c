from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.storage import is_hidden, is_s3, join, normalise, split_s3
from spark_etl.storage.paths import local_path


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("s3a://bucket/", "s3a://bucket"),
        ("s3a://bucket//a///b/", "s3a://bucket/a/b"),
        ("s3://bucket/a", "s3://bucket/a"),
        ("/tmp/x/", "file:///tmp/x"),
        ("file:/tmp/x", "file:///tmp/x"),
        ("file:///tmp/x", "file:///tmp/x"),
        ("/tmp/with space", "file:///tmp/with space"),
    ],
)
def test_paths_get_one_form(given: str, normal: str) -> None:
    assert normalise(given) == normal
    assert normalise(normal) == normal


@pytest.mark.parametrize("path", ["s3a://", "s3a:///key", "hdfs://namenode/x", "gs://bucket/x"])
def test_what_can_not_be_reached_is_refused(path: str) -> None:
    with pytest.raises(ArgumentError):
        normalise(path)


def test_a_relative_path_is_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert local_path(normalise("a b")) == tmp_path / "a b"


def test_parts_are_joined_by_one_slash() -> None:
    assert join("s3a://bucket", "a/", "/b") == "s3a://bucket/a/b"
    assert split_s3("s3a://bucket/a/b") == ("bucket", "a/b")
    assert is_s3("s3n://b")
    assert not is_s3("s3files/x")


@pytest.mark.parametrize(
    ("name", "hidden"),
    [("a", False), ("_SUCCESS", True), (".a.crc", True), ("_dt=2024-02-29", False), (".x=1", True), ("a=_b", False)],
)
def test_names_that_readers_of_parquet_pass_over(name: str, hidden: bool) -> None:
    assert is_hidden(name) is hidden
