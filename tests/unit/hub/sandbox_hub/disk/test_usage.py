"""What each user holds of the disk, added up from where it lies."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sandbox_hub.disk import usage
from sandbox_hub.disk.usage import DiskUse


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


def disk_use(shelf: Path, objects: Callable[[], dict[str, int]], whole: int = 0) -> DiskUse:
    async def engine() -> dict[str, int]:
        return {"ada": 100, "": whole}

    return DiskUse(engine, shelf, objects)


def test_home_shelf_shared_notebooks_and_s3_are_added_up_for_users_only(shelf: Path) -> None:
    used = asyncio.run(disk_use(shelf, lambda: {"ada": 1000, "carl": 3, "_pins": 9})())

    assert used == {"ada": 1137, "bob": 5, "carl": 3, "dora": 2}


def test_what_nobody_can_look_into_is_held_by_who_hides_something(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(folder: Path, onerror: Callable[[OSError], None]) -> object:
        if folder.name == "bob":
            onerror(PermissionError("locked"))
        return os_walk(folder)

    os_walk = os.walk
    monkeypatch.setattr(usage.os, "walk", walk)
    shown = usage.on_shelf(shelf, 0)
    assert usage.on_shelf(shelf, sum(shown.values()) + 4000) == {**shown, "bob": shown["bob"] + 4000}


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
