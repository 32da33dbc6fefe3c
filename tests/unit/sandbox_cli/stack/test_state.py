"""Files of the state folder: private, replaced as a whole, and refused when they are broken."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.stack import state


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sandbox" / "demo" / "ports.json"


def test_what_is_written_is_read_again_and_private(file: Path) -> None:
    before = os.umask(0)
    try:
        state.write(file, {"hub": 8000, "where": Path("/x")})
    finally:
        os.umask(before)

    assert state.read(file) == {"hub": 8000, "where": "/x"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["ports.json"]


def test_a_file_that_is_not_there_is_empty(file: Path) -> None:
    assert state.read(file) == {}


def test_a_write_that_fails_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.write(file, {"hub": 8000})

    def full(descriptor: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        state.write(file, {"hub": 8001})

    assert state.read(file) == {"hub": 8000}
    assert [path.name for path in file.parent.iterdir()] == ["ports.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_a_broken_file_is_named_with_the_way_out(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(UsageError, match=str(file)) as caught:
        state.read(file)
    assert caught.value.hint == f"mv {file} {file}.bad && sandbox up"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o777])
def test_a_file_that_others_may_read_is_refused(file: Path, mode: int) -> None:
    state.write(file, {})
    file.chmod(mode)
    with pytest.raises(UsageError, match=f"{mode:04o}") as caught:
        state.refuse_readable(file)
    assert f"chmod 600 {file}" in str(caught.value.hint)


def test_a_private_file_or_none_is_taken(file: Path) -> None:
    state.refuse_readable(file)
    state.write(file, {})
    state.refuse_readable(file)
