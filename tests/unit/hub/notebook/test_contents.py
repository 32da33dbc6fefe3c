"""What the S3 browser gets of buckets, folders and objects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sandbox_lab.contents
from sandbox_lab.contents import contents
from sandbox_lab.errors import RefusedError
from spark_etl.errors import StorageError
from spark_etl.storage import Entry, StoredObject

BUCKETS = ["published", "scratch"]
WRITTEN = datetime(2024, 2, 29, 10, tzinfo=UTC)


class Store:
    """A store as S3 shows itself: keys alone, folders only by their slashes."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def find(self, path: str) -> StoredObject | None:
        content = self.objects.get(path)
        return None if content is None else StoredObject(path, len(content), "etag")

    def read(self, path: str) -> bytes | None:
        return self.objects.get(path)

    def entries(self, folder: str) -> Iterator[Entry]:
        seen = set()
        for path, content in self.objects.items():
            rest = path.removeprefix(f"{folder}/")
            if rest == path:
                continue
            name, slash, _ = rest.partition("/")
            if name not in seen:
                seen.add(name)
                yield Entry(name, is_folder=True) if slash else Entry(name, False, len(content), WRITTEN)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store(
        {
            "s3a://scratch/team/revenue/20240229T101112Z-7f3a2c/run.json": b"{}",
            "s3a://scratch/team/notes.txt": "Zürich".encode(),
            "s3a://scratch/team/analysis.ipynb": b'{"cells": []}',
            "s3a://scratch/team/raw.bin": b"\xff\xfe",
            "s3a://scratch/team/large.log": b"x" * 11_000_000,
        }
    )
    monkeypatch.setattr(sandbox_lab.contents, "storage_for", lambda path: store)
    return store


def names(model: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(entry["name"], entry["type"], entry["path"]) for entry in model["content"]]


def test_the_buckets_are_there_at_once() -> None:
    assert names(contents("", BUCKETS)) == [
        ("published", "directory", "published"),
        ("scratch", "directory", "scratch"),
    ]


def test_a_folder_has_its_folders_and_objects(store: Store) -> None:
    folder = contents("scratch/team/", BUCKETS)

    assert folder["type"] == "directory"
    assert folder["path"] == "scratch/team"
    assert ("revenue", "directory", "scratch/team/revenue") in names(folder)
    assert ("notes.txt", "file", "scratch/team/notes.txt") in names(folder)
    sizes = {entry["name"]: entry["size"] for entry in folder["content"]}
    assert (sizes["notes.txt"], sizes["revenue"]) == (7, None)


def test_of_a_folder_that_only_its_marker_is_left_of_nothing_is_shown(store: Store) -> None:
    store.objects["s3a://scratch/empty/"] = b""

    assert contents("scratch/empty", BUCKETS)["content"] == []


def test_an_empty_bucket_is_an_empty_folder(store: Store) -> None:
    assert contents("published", BUCKETS)["content"] == []


@pytest.mark.parametrize(
    ("name", "kind", "form", "content"),
    [
        ("notes.txt", "file", "text", "Zürich"),
        ("raw.bin", "file", "base64", "//4="),
        ("analysis.ipynb", "notebook", "json", {"cells": []}),
    ],
)
def test_an_object_has_its_content(store: Store, name: str, kind: str, form: str, content: Any) -> None:
    folder = contents(f"scratch/team/{name}", BUCKETS)

    assert (folder["type"], folder["format"], folder["content"]) == (kind, form, content)
    assert folder["writable"] is False


def test_an_object_is_not_read_where_its_content_is_not_asked_for(store: Store) -> None:
    assert contents("scratch/team/large.log", BUCKETS, content=False)["size"] == 11_000_000


def refused(path: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        contents(path, BUCKETS)
    return caught.value


def test_an_object_too_large_for_a_browser_is_refused_with_what_to_do(store: Store) -> None:
    error = refused("scratch/team/large.log")

    assert error.status == 413
    assert "large.log has 11.0 MB" in error.message
    assert error.hint == "read s3a://scratch/team/large.log in a notebook"


def test_a_folder_of_which_nothing_is_left_is_not_found(store: Store) -> None:
    assert refused("scratch/team/gone").status == 404


def test_a_bucket_that_is_not_shown_is_named_with_those_that_are(store: Store) -> None:
    error = refused("secrets/x")

    assert (error.status, error.hint) == (404, "shown: published, scratch")


def test_a_store_that_does_not_answer_is_reported_with_the_cause(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(path: str) -> None:
        raise StorageError("http://minio:9000 does not answer", hint="sandbox status")

    monkeypatch.setattr(store, "find", down)

    error = refused("scratch/team")

    assert (error.status, error.message, error.hint) == (502, "http://minio:9000 does not answer", "sandbox status")


def test_of_very_many_entries_the_first_are_shown_and_that_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_lab.contents, "MOST_ENTRIES", 2)

    folder = contents("scratch/team", BUCKETS)

    assert (len(folder["content"]), folder["truncated"]) == (2, 2)
