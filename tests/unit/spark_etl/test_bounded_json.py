"""JSON of strangers: damage is reported, and costs no memory to speak of."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.storage import storage_for


@pytest.mark.parametrize("content", [b'{"a": [1, 2.5, null, "x, [y]"]}', '{"a": [1, 2.5, null, "x, [y]"]}'])
def test_what_anybody_writes_is_read(content: bytes | str) -> None:
    assert bounded_json.parse(content, "it") == {"a": [1, 2.5, None, "x, [y]"]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"NaN", "NaN is no number"),
        (b"[1e400]", "1e400 is no number"),
        (b"[" * 100_000, "is no JSON|deep"),
        (b"[" * 101 + b"]" * 101, "more than 100 levels deep"),
        (b"[" + b"1," * 2_000_000 + b"1]", "more lists, objects and values than 128 MB"),
        (b"[" + b"{}," * 500_001 + b"1]", "more lists, objects and values than 128 MB"),
    ],
)
def test_what_nobody_writes_is_damaged(content: bytes, expected: str) -> None:
    with pytest.raises(DamagedError, match=rf"s3a://b/x.json .*({expected})"):
        bounded_json.parse(content, "s3a://b/x.json")


def test_notebooks_may_hold_what_is_no_number() -> None:
    assert bounded_json.parse("[Infinity]", "it", finite=False) == [float("inf")]


@pytest.mark.parametrize("content", [b"[" * 30_000_000, b"[" + b"[]," * 9_000_000 + b"1]", b'{"a":' * 5_000_000])
def test_what_is_refused_takes_no_memory(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DamagedError):
            bounded_json.parse(content, "it")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 50_000_000


def test_of_a_large_file_no_more_is_taken_than_it_may_have(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_bytes(b'{"a": "' + b"x" * 5_000_000 + b'"}')
    sizes_read: list[int | None] = []

    def read(path: str, *, most: int | None = None) -> Any:
        sizes_read.append(most)
        return storage_for(path).read(path, most=most)

    with pytest.raises(DamagedError, match="more than 1 MB"):
        bounded_json.read(read, str(file), largest=1 << 20)
    assert sizes_read == [(1 << 20) + 1]
    assert bounded_json.read(read, str(tmp_path / "none.json")) is None


def test_a_file_without_an_object_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")
    path = str(tmp_path / "list.json")

    with pytest.raises(DamagedError, match="holds no object"):
        bounded_json.read(storage_for(path).read, path)


@pytest.mark.parametrize(
    ("character", "most"),
    [("x", 80), ("é", 40), ("\\u00e9", 40), ("🙂", 20), ("\\ud83d\\ude42", 20), ("\\uD83D\\uDE42", 20)],
)
def test_a_text_is_weighed_as_it_lies_in_memory(character: str, most: int) -> None:
    size = len(character.encode())

    assert bounded_json.parse(f'"{character}{"x" * (most - 2 - size)}"'.encode(), "it", in_memory=80)
    with pytest.raises(DamagedError, match="as text"):
        bounded_json.parse(f'"{character}{"x" * (most - 1 - size)}"'.encode(), "it", in_memory=80)
