"""Spark Connect's keys: new ones each time, the last ones for the jobs that run, and none older."""

from __future__ import annotations

import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from sandbox_hub.keys.connect_keys import NAME, RENEW_SECONDS, renew, wait_until_due
from sandbox_hub.keys.s3_keys import Key, ServerKeys, connect_policy
from urllib3.exceptions import HTTPError


class Keys(ServerKeys):
    """A store's keys, counted."""

    def __init__(self) -> None:
        self.valid: list[str] = []
        self.away = False

    def make(self, name: str, description: str, policy: dict[str, Any], seconds: float) -> Key:
        if self.away:
            raise HTTPError("no answer")
        assert (name, policy) == (NAME, connect_policy())
        assert 3600 < seconds <= 4 * 3600, "longer than until the next ones, and not for long"
        self.valid.append(f"key{len(self.valid)}-{id(self)}")
        return Key(self.valid[-1], "secret = 1")

    def revoke(self, access: str) -> None:
        self.valid.remove(access)

    def revoke_all(self, name: str, description: str, but: Collection[str] = ()) -> None:
        self.valid = [access for access in self.valid if access in but]


def test_the_last_keys_work_until_the_next_but_one(tmp_path: Path) -> None:
    keys, file, seen = Keys(), tmp_path / "credentials", []
    for _ in range(3):
        renew(keys, file)
        seen.append(keys.valid[-1])
        assert file.read_text() == f"[default]\naws_access_key_id = {seen[-1]}\naws_secret_access_key = secret = 1\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o444

    assert keys.valid == seen[-2:]
    assert [path.name for path in tmp_path.iterdir()] == ["credentials"]


def test_while_the_store_is_away_the_last_ones_stay(tmp_path: Path) -> None:
    keys, file = Keys(), tmp_path / "credentials"
    renew(keys, file)
    before, keys.away = file.read_text(), True

    with pytest.raises(HTTPError):
        renew(keys, file)

    assert file.read_text() == before
    assert len(keys.valid) == 1


def test_keys_that_can_not_be_written_are_taken_back(tmp_path: Path) -> None:
    keys = Keys()
    with pytest.raises(OSError, match="credentials"):
        renew(keys, tmp_path / "missing" / "credentials")
    assert keys.valid == []


def test_what_a_killed_one_left_is_no_obstacle(tmp_path: Path) -> None:
    keys, file = Keys(), tmp_path / "credentials"
    file.with_suffix(".part").write_text("half of")
    file.with_suffix(".part").chmod(0o444)

    renew(keys, file)

    assert keys.valid[-1] in file.read_text()


def test_a_laptop_that_has_slept_gets_new_keys_when_it_wakes() -> None:
    clock = [1000.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds if len(slept) < 3 else 8 * 3600
        slept.append(seconds)

    slept: list[float] = []
    wait_until_due(1000.0, lambda: clock[0], sleep)
    assert len(slept) == 4

    wait_until_due(clock[0] + 10, lambda: clock[0], pytest.fail)  # a clock that was put back tells nothing
    assert RENEW_SECONDS == 3600
