"""What each user holds of the disk, added up from where it lies."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sandbox_hub.disk import usage
from sandbox_hub.disk.usage import FILE_BYTES, MAX_UPLOADS, OBJECT_BYTES, DiskUse
from sandbox_hub.keys.s3_keys import Key


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A shelf where ada has 30 bytes, some of them in two places, and bob 5; ada has shared 7 more, dora 2."""
    for name, size in (
        ("ada/a/x", 10),
        ("ada/y", 20),
        ("bob/z", 5),
        ("published/ada/n/v1", 7),
        ("published/dora/m/v1", 2),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
    (tmp_path / "ada/again").hardlink_to(tmp_path / "ada/y")
    (tmp_path / "bob/link").symlink_to(tmp_path / "ada")
    return tmp_path


def disk_use(
    shelf: Path, objects: Callable[[], dict[str, int]], whole: int = 0, files: Iterable[dict[str, int]] = ({},)
) -> DiskUse:
    counted = itertools.chain(files, itertools.repeat({}))

    async def engine() -> tuple[dict[str, int], dict[str, int]]:
        return {"ada": 100, "": whole}, next(counted)

    return DiskUse(engine, shelf, objects)


def test_home_shelf_shared_notebooks_and_s3_are_added_up_for_users_only(shelf: Path) -> None:
    used = asyncio.run(disk_use(shelf, lambda: {"ada": 1000, "carl": 3, "_pins": 9})())

    bytes_used = {user: size % FILE_BYTES for user, size in used.items()}
    assert bytes_used == {"ada": 1137, "bob": 5, "carl": 3, "dora": 2}
    # Files and folders; two names of one file are one, and a link to a folder is none.
    assert {user: size // FILE_BYTES for user, size in used.items()} == {"ada": 4 + 3, "bob": 2, "carl": 0, "dora": 3}


def test_files_of_a_server_that_has_ended_still_count(shelf: Path) -> None:
    use = disk_use(shelf, dict, files=[{"ada": 1000}, {"bob": 5}, {"ada": 10}])

    first, ended, again = [asyncio.run(use())["ada"] // FILE_BYTES for _ in range(3)]

    assert (first, ended, again) == (1007, 1007, 17)


def test_files_of_a_home_that_is_gone_do_not_count(shelf: Path) -> None:
    use = disk_use(shelf, dict, files=[{"ada": 1000, "gone": 1000}])

    assert "gone" not in asyncio.run(use())


def test_what_nobody_can_look_into_is_held_by_who_hides_something(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(folder: Path, onerror: Callable[[OSError], None]) -> object:
        if folder.name == "bob":
            onerror(PermissionError("locked"))
        return os_walk(folder)

    os_walk = os.walk
    monkeypatch.setattr(usage.os, "walk", walk)
    shown = usage.on_shelf(shelf, 0)
    visible = sum(size % FILE_BYTES for size in shown.values())
    assert usage.on_shelf(shelf, visible + 4000) == {**shown, "bob": shown["bob"] + 4000}, "by bytes"


def test_while_s3_is_away_its_last_answer_counts(shelf: Path) -> None:
    answers: list[dict[str, int] | OSError] = [{"carl": 3}, OSError("away")]

    def objects() -> dict[str, int]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    use = disk_use(shelf, objects)
    assert [asyncio.run(use())["carl"] for _ in range(2)] == [3, 3]


def test_without_any_word_of_s3_nothing_is_known(shelf: Path) -> None:
    def objects() -> dict[str, int]:
        raise OSError("away")

    with pytest.raises(OSError, match="S3 gives no sizes: away"):
        asyncio.run(disk_use(shelf, objects)())


class Uploads:
    """An S3 client that has objects, and uploads that nobody has finished; a page has two of them."""

    def __init__(self, uploads: dict[str, list[int]]) -> None:
        self.uploads = uploads
        self.aborted: list[str] = []

    def list_objects(self, bucket: str, prefix: str, recursive: bool) -> Any:
        return [SimpleNamespace(object_name="users/ada/x", size=10)]

    def _list_multipart_uploads(self, *, key_marker: str | None, **_: Any) -> Any:
        names = sorted(name for name in self.uploads if name > (key_marker or ""))
        found = [SimpleNamespace(object_name=name, upload_id=f"id of {name}") for name in names[:2]]
        more = {"is_truncated": len(names) > 2, "next_key_marker": names[1] if len(names) > 2 else None}
        return SimpleNamespace(uploads=found, next_upload_id_marker=None, **more)

    def _list_parts(self, *, object_name: str, part_number_marker: str | None, **_: Any) -> Any:
        parts = self.uploads[object_name]
        at = int(part_number_marker or 0)
        found = [SimpleNamespace(size=size) for size in parts[at : at + 1]]
        return SimpleNamespace(parts=found, is_truncated=at + 1 < len(parts), next_part_number_marker=at + 1)

    def _abort_multipart_upload(self, *, object_name: str, **_: Any) -> None:
        self.aborted.append(object_name)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Uploads:
    client = Uploads({"users/ada/b": [5, 6], "users/ada/a": [], "users/bob/c": [7], "connect/d": [100]})
    monkeypatch.setattr(usage, "minio_client", lambda *_: client)
    return client


def test_unfinished_uploads_count_as_objects_do(s3: Uploads) -> None:
    sizes = usage.in_s3("http://minio:9000", "here", Key("hub", "secret"))

    assert sizes == {"ada": 10 + 5 + 6 + (1 + 1 + 3) * OBJECT_BYTES, "bob": 7 + 2 * OBJECT_BYTES}
    assert s3.aborted == []


def test_of_more_uploads_than_a_program_has_the_rest_is_aborted(s3: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_UPLOADS > 100
    monkeypatch.setattr(usage, "MAX_UPLOADS", 1)

    usage.in_s3("http://minio:9000", "here", Key("hub", "secret"))

    assert s3.aborted == ["users/ada/a"]


def test_uploads_of_who_is_stopped_are_aborted(s3: Uploads) -> None:
    usage.abort_uploads("http://minio:9000", "here", Key("hub", "secret"), "ada")

    assert sorted(s3.aborted) == ["users/ada/a", "users/ada/b"]
