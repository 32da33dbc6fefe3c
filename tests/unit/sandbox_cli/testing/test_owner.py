"""Whose a stack is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sandbox_cli.testing import owner

NAME = "pytest-0123abcd"


def test_a_stack_is_its_owners_until_the_block_ends(tmp_path: Path) -> None:
    removed: list[str] = []
    with owner.owned(tmp_path, NAME):
        with owner.owned(tmp_path, NAME):
            pass
        assert owner.remove_stale(tmp_path, removed.append) == removed == []
        owner.forget(tmp_path, NAME)
    assert owner.remove_stale(tmp_path, removed.append) == removed == []
    assert list(tmp_path.iterdir()) == []


def test_a_stack_that_its_owners_have_left_is_removed(tmp_path: Path) -> None:
    removed: list[str] = []
    with owner.owned(tmp_path, NAME):
        pass
    assert owner.remove_stale(tmp_path, removed.append) == removed == [NAME]


def test_what_failed_to_be_removed_stays_for_the_next_session(tmp_path: Path) -> None:
    def fail(name: str) -> None:
        raise RuntimeError(name)

    for name in (NAME, "pytest-11111111"):
        (tmp_path / f"{name}.lock").touch()
    with pytest.raises(RuntimeError, match=NAME):
        owner.remove_stale(tmp_path, fail)
    assert owner.remove_stale(tmp_path, lambda _: None) == [NAME, "pytest-11111111"]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pytest-mine.lock").touch()
    assert owner.remove_stale(tmp_path, lambda _: None) == []
    assert (tmp_path / "pytest-mine.lock").exists()


def test_a_lock_that_is_taken_away_while_one_waits_for_it_is_made_again(tmp_path: Path) -> None:
    """A session that begins with the name of one that is just being cleaned up owns a file that others see."""
    (tmp_path / f"{NAME}.lock").touch()
    entered, seen = threading.Event(), []

    def own() -> None:
        entered.set()
        with owner.owned(tmp_path, NAME):
            seen.append((tmp_path / f"{NAME}.lock").exists())

    waiting = threading.Thread(target=own)

    def remove(_: str) -> None:
        waiting.start()
        entered.wait(10)

    owner.remove_stale(tmp_path, remove)
    waiting.join(10)
    assert seen == [True]
