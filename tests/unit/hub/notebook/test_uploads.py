"""Files dropped on the S3 browser: into the user's own place, whole or not at all."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest
import sandbox_lab.uploads
from sandbox_lab.errors import RefusedError
from sandbox_lab.uploads import Uploads
from spark_etl.errors import StorageError

from tests.support.folder_store import FolderStore

RUN = "20240229T101112Z-7f3a2c"
OWN = "scratch/users/ada/orders.csv"


@pytest.fixture
def uploads(folder_store: FolderStore) -> Uploads:
    return Uploads("ada")


def drop(uploads: Uploads, path: str, *parts: tuple[int | None, bytes]) -> dict[str, Any]:
    model: dict[str, Any] = {}
    for chunk, content in parts:
        model = uploads.receive(path, base64.b64encode(content).decode(), chunk)
    return model


def test_a_small_file_is_an_object_at_once(uploads: Uploads, folder_store: FolderStore) -> None:
    model = drop(uploads, OWN, (None, b"a,b"))
    assert folder_store.files() == {f"s3a://{OWN}": b"a,b"}
    assert (model["name"], model["path"], model["type"], model["size"]) == ("orders.csv", OWN, "file", 3)


def test_a_large_one_appears_with_its_last_chunk(uploads: Uploads, folder_store: FolderStore) -> None:
    drop(uploads, OWN, (1, b"a"), (2, b"b"))
    assert folder_store.files() == {}
    assert drop(uploads, OWN, (-1, b"c"))["size"] == 3
    assert folder_store.files() == {f"s3a://{OWN}": b"abc"}


@pytest.mark.parametrize("chunks", [(2,), (-1,), (1, 3), (1, 2, 2)])
def test_a_chunk_that_is_missing_refuses_the_rest(
    uploads: Uploads, folder_store: FolderStore, chunks: Sequence[int]
) -> None:
    with pytest.raises(RefusedError, match=r"a part of orders.csv is missing") as refused:
        drop(uploads, OWN, *((chunk, b"x") for chunk in chunks))
    assert refused.value.status == 409
    with pytest.raises(RefusedError):
        drop(uploads, OWN, (-1, b"x"))
    assert folder_store.files() == {}


def test_one_that_begins_again_forgets_what_came_before(uploads: Uploads, folder_store: FolderStore) -> None:
    drop(uploads, OWN, (1, b"old"), (1, b"new"), (-1, b"!"))
    assert folder_store.files() == {f"s3a://{OWN}": b"new!"}


@pytest.mark.parametrize(
    "path",
    [
        "published/orders.csv",
        "scratch/orders.csv",
        "scratch/users/orders.csv",
        "scratch/users/ada",
        "scratch/users/adam/orders.csv",
        "scratch/users/ada/../adam/orders.csv",
        f"scratch/users/ada/sales/{RUN}/orders.csv",
        "",
    ],
)
def test_elsewhere_nothing_is_written_and_it_is_said_where(
    uploads: Uploads, folder_store: FolderStore, path: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        drop(uploads, path, (None, b"x"))
    assert refused.value.status in {400, 403}
    assert folder_store.files() == {}
    if refused.value.status == 403:
        assert "scratch/users/ada/" in str(refused.value.hint)


def test_a_file_that_is_too_large_is_refused_with_the_other_way(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_lab.uploads, "LARGEST", 5)
    with pytest.raises(RefusedError, match="more than") as refused:
        drop(uploads, OWN, (1, b"abc"), (2, b"def"))
    assert refused.value.status == 413
    assert "sandbox data put FILE --user ada" in str(refused.value.hint)


def test_of_many_at_once_one_waits_and_idle_ones_are_forgotten(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_lab.uploads, "MOST_BEGUN", 1)
    drop(uploads, OWN, (1, b"a"))
    with pytest.raises(RefusedError, match="on their way already"):
        drop(uploads, f"{OWN}.2", (1, b"a"))
    monkeypatch.setattr(sandbox_lab.uploads, "IDLE_SECONDS", -1)
    drop(uploads, f"{OWN}.2", (1, b"a"))


def test_what_is_no_base64_is_no_file(uploads: Uploads) -> None:
    with pytest.raises(RefusedError, match="no base64"):
        uploads.receive(OWN, "ü", None)


def test_a_store_that_refuses_is_named(uploads: Uploads, folder_store: FolderStore) -> None:
    folder_store.fail_at, folder_store.error = "orders.csv", StorageError("the store is full")
    with pytest.raises(RefusedError, match="the store is full") as refused:
        drop(uploads, OWN, (1, b"a"), (-1, b"b"))
    assert refused.value.status == 502
    assert folder_store.files() == {}


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("scratch/users/ada", True),
        ("scratch/users/ada/raw/", True),
        ("scratch/users", False),
        ("scratch/users/adam", False),
        ("published", False),
        ("", False),
    ],
)
def test_the_folders_that_are_writable(path: str, may: bool) -> None:
    assert Uploads("ada").may_write(path) is may


def test_without_a_user_nothing_is_writable() -> None:
    assert not Uploads("").may_write("scratch/users/ada")
    assert not Uploads("").may_write("scratch/users")
