"""How much a replay of imported code may bring back."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.private import room

GB = 1_000_000_000


@pytest.mark.parametrize(("text", "size"), [(None, 10 * GB), ("", 10 * GB), ("0.5", GB // 2), ("40", 40 * GB)])
def test_the_size_is_a_variable_s(monkeypatch: pytest.MonkeyPatch, text: str | None, size: int) -> None:
    monkeypatch.delenv("SANDBOX_REPLAY_MAX_GB", raising=False)
    if text is not None:
        monkeypatch.setenv("SANDBOX_REPLAY_MAX_GB", text)
    assert room.most_bytes() == size


@pytest.mark.parametrize("text", ["much", "0", "-1", "nan", "inf"])
def test_what_is_no_size_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SANDBOX_REPLAY_MAX_GB", text)
    with pytest.raises(UsageError, match=f"SANDBOX_REPLAY_MAX_GB is `{text}`"):
        room.most_bytes()


@pytest.mark.parametrize(("free", "is_enough"), [(5 * GB, True), (5 * GB - 1, False), (None, True)])
def test_it_is_there_twice_and_leaves_what_a_stack_wants(
    monkeypatch: pytest.MonkeyPatch, free: int | None, is_enough: bool
) -> None:
    session: Any = None
    monkeypatch.delenv("SANDBOX_MIN_FREE_GB", raising=False)
    monkeypatch.setattr(room.disk, "space", lambda _: (free, 100 * GB))
    if is_enough:
        room.refuse_full(session, GB)
        return
    with pytest.raises(StackError, match=r"it has 1\.\d+ GB, and needs 5\.\d+ GB of free disk"):
        room.refuse_full(session, GB)
