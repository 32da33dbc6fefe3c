"""Files are changed all together, or not at all: also where one can't be written, or somebody presses Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.pipelines import file_edits
from sandbox_cli.stack.pipelines.file_edits import FileEdit, put_in_place

MODE = 0o640


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_home=tmp_path / "state")


@pytest.fixture
def edits(tmp_path: Path) -> list[FileEdit]:
    """A file that is changed, one that is deleted, a new one in new folders, and a last one."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("a", "b", "z"):
        (project / name).write_bytes(name.encode())
        (project / name).chmod(MODE)
    return [
        FileEdit(project / "a", b"a", b"A", MODE, MODE),
        FileEdit(project / "b", b"b", None, 0, MODE),
        FileEdit(project / "new" / "er" / "c", None, b"C", MODE, 0),
        FileEdit(project / "z", b"z", b"Z", 0o755, MODE),
    ]


def files(edits: list[FileEdit]) -> dict[str, tuple[bytes, int]]:
    top = edits[0].file.parent
    return {
        path.relative_to(top).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o777)
        if path.is_file()
        else (b"", 0)
        for path in sorted(top.rglob("*"))
    }


def test_all_of_them_are_changed(settings: Settings, edits: list[FileEdit]) -> None:
    put_in_place(settings, edits)
    assert files(edits) == {
        "a": (b"A", MODE),
        "new": (b"", 0),
        "new/er": (b"", 0),
        "new/er/c": (b"C", MODE),
        "z": (b"Z", 0o755),
    }


def fails_at(last: Path, error: BaseException) -> Callable[[Path, bytes | None, int], None]:
    real = file_edits._write

    def write(file: Path, content: bytes | None, mode: int) -> None:
        if file == last and content == b"Z":
            raise error
        real(file, content, mode)

    return write


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (PermissionError(13, "Permission denied"), UsageError, r"/z can't be changed: Permission denied\. Nothing was"),
        (KeyboardInterrupt(), KeyboardInterrupt, "^$"),
    ],
)
def test_what_was_changed_is_put_back(
    settings: Settings,
    edits: list[FileEdit],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    raised: type[BaseException],
    message: str,
) -> None:
    before = files(edits)
    monkeypatch.setattr(file_edits, "_write", fails_at(edits[-1].file, error))
    with pytest.raises(raised, match=message):
        put_in_place(settings, edits)
    assert files(edits) == before


def test_nothing_is_changed_if_one_was_changed_meanwhile(settings: Settings, edits: list[FileEdit]) -> None:
    edits[-1].file.write_bytes(b"by somebody else")
    before = files(edits)
    with pytest.raises(UsageError, match=r"/z was changed just now\. Nothing was changed here"):
        put_in_place(settings, edits)
    assert files(edits) == before


def test_what_cant_be_put_back_is_named_with_a_copy(
    settings: Settings, edits: list[FileEdit], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = file_edits._write

    def write(file: Path, content: bytes | None, mode: int) -> None:
        if content in {b"Z", b"a"}:
            raise OSError(28, "No space left on device")
        real(file, content, mode)

    monkeypatch.setattr(file_edits, "_write", write)
    with pytest.raises(UsageError, match="changed in part") as caught:
        put_in_place(settings, edits)
    copy = settings.state_dir / "patches" / "a.before"
    assert f"{edits[0].file}, which was as {copy}" in caught.value.message
    assert copy.read_bytes() == b"a"
    assert edits[1].file.read_bytes() == b"b", "the others are what they were"
