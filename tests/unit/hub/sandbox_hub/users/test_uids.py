"""A user's number is theirs for good."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_hub.users import uids
from sandbox_hub.users.uids import Uids


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uids.json"


def test_a_name_keeps_its_number(path: Path) -> None:
    assert Uids(path).assign("ada", 20007) == 20007
    assert Uids(path).assign("ada", 20009) == 20007, "made anew, with another number in the database"


def test_what_was_a_removed_users_is_nobodys_again(path: Path) -> None:
    Uids(path).assign("ada", 20007)
    assert Uids(path).assign("bob", 20007) == 20008


@pytest.mark.parametrize("wanted", [19999, 22000, 10001])
def test_a_number_is_always_a_users(path: Path, wanted: int) -> None:
    assert uids.FIRST_UID <= Uids(path).assign("ada", wanted) <= uids.LAST_UID


def test_when_all_are_assigned_it_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uids, "LAST_UID", uids.FIRST_UID)
    Uids(path).assign("ada", 20000)
    with pytest.raises(RuntimeError, match="are assigned"):
        Uids(path).assign("bob", 20000)
