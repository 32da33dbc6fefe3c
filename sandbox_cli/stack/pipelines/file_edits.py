"""Edits of a project's files, put in place as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from spark_etl.printable import printable

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import state

FOLDER = "patches"  # in the state folder


class FileEdit(NamedTuple):
    """What becomes of a file.

    Attributes:
        file: It.
        before: Its content; None where there is none yet.
        after: Its new content; None where it is deleted.
        mode: Its new permissions.
        before_mode: Those that it had.
    """

    file: Path
    before: bytes | None
    after: bytes | None
    mode: int
    before_mode: int


def content_of(file: Path) -> bytes | None:
    """Returns the content of a file; None where there is none."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def put_in_place(settings: Settings, edits: Sequence[FileEdit]) -> None:
    """Changes the files, each by a rename. If one can't be changed, or on Ctrl-C, those before it are put back.

    Args:
        settings: Where copies of files lie that can't be put back.
        edits: What becomes of each.

    Raises:
        UsageError: One has changed since it was read, or can't be written; it is named.
    """
    for edit in edits:
        with _refusal(edit.file):
            if content_of(edit.file) != edit.before:
                raise UsageError(f"{_shown(edit.file)} was changed just now. Nothing was changed here.")
    done: list[FileEdit] = []
    folders: list[Path] = []
    try:
        for edit in edits:
            with _refusal(edit.file):
                folders += _make_folder(edit.file.parent)
                done.append(edit)
                _write(edit.file, edit.after, edit.mode)
    except BaseException:
        _put_back(settings, done, folders)
        raise


@contextmanager
def _refusal(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = printable(f"{file} can't be changed: {error.strerror}. Nothing was changed.", one_line=True)
        raise UsageError(what, hint=f"make it writable: {_shown(file)}") from error


def _make_folder(folder: Path) -> list[Path]:
    """Makes a folder with those above it, and returns those that were not there, the uppermost first."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _write(file: Path, content: bytes | None, mode: int) -> None:
    if content is None:
        file.unlink(missing_ok=True)
        return
    handle, name = tempfile.mkstemp(prefix=".sandbox-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(content)
        Path(name).chmod(mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _put_back(settings: Settings, done: Sequence[FileEdit], folders: Sequence[Path]) -> None:
    """Makes files what they were before.

    Raises:
        UsageError: One can't be put back; it is named, with a copy of what it was.
    """
    lost = []
    for edit in reversed(done):
        try:
            if content_of(edit.file) != edit.before:
                _write(edit.file, edit.before, edit.before_mode)
        except OSError:
            lost.append(edit)
    for folder in reversed(folders):
        with suppress(OSError):  # somebody has put something there
            folder.rmdir()
    if lost:
        copies = "; ".join(_copy(settings, edit) for edit in lost)
        raise UsageError(f"The project is changed in part, as these can't be put back: {copies}.")


def _copy(settings: Settings, edit: FileEdit) -> str:
    if edit.before is None:
        return f"{_shown(edit.file)}, which was not there"
    copy = state.private_folder(settings.state_dir / FOLDER) / f"{edit.file.name}.before"
    try:
        copy.write_bytes(edit.before)
    except OSError as error:
        raise state.unusable(copy, error) from None
    return f"{_shown(edit.file)}, which was as {_shown(copy)}"


def _shown(file: Path) -> str:
    return printable(str(file), one_line=True)
