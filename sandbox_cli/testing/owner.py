"""Whose a test stack is: a lock that ends with its processes, however they end, and what is left of those that have.

Each stack has a name of its own and a file `<state home>/<name>.lock`, which there is from the first test on that needs
the stack. The processes of its session share the lock. A lock that nobody holds is of a session that was killed, and
the next session that starts a stack removes that one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import state_home
from sandbox_cli.stack import state

PREFIX = "pytest"
FOLDER = ".pytest"  # no stack is called so
NAME = re.compile(rf"{PREFIX}-[0-9a-f]{{8}}")


def home() -> Path:
    """Returns the folder that the state folders of test stacks lie in, made if it is not there."""
    return state.private_folder(_home())


def new_name() -> str:
    """Returns a name that no stack has."""
    return f"{PREFIX}-{secrets.token_hex(4)}"


def is_owned(name: str) -> bool:
    """Returns whether a stack's session has asked for it; nothing is made."""
    with contextlib.suppress(OSError, UsageError):  # in a folder that can't be there is no stack
        return _lock(_home(), name).exists()
    return False


@contextmanager
def owned(folder: Path, name: str) -> Iterator[None]:
    """Owns a stack, with the other processes of its session, while the block runs, or this process lives."""
    file = _shared(_lock(folder, name))
    try:
        yield
    finally:
        file.close()


def remove_stale(folder: Path, remove: Callable[[str], None]) -> list[str]:
    """Removes the stacks of sessions that were killed, each by one session only; returns their names.

    Args:
        folder: Of the state folders.
        remove: Removes a stack by its name; what it raises is raised after the others were tried.
    """
    removed, failures = [], []
    for path in sorted(folder.glob(f"{PREFIX}-*.lock")):
        if not NAME.fullmatch(path.stem):
            continue
        file = _try_locked(path)
        if file is None:
            continue
        with file:
            try:
                remove(path.stem)
            except Exception as error:  # noqa: BLE001 - one that can't be removed must not keep the others
                failures.append(error)
                continue
            forget(folder, path.stem)
            removed.append(path.stem)
    if failures:
        raise failures[0]
    return removed


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Lets one process of a session at a time start its stack; the others wait."""
    with (folder / f"{name}.start").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def forget(folder: Path, name: str) -> None:
    """Removes the files of a stack that is no more."""
    (folder / f"{name}.start").unlink(missing_ok=True)
    _lock(folder, name).unlink(missing_ok=True)


def _home() -> Path:
    return state_home(os.environ) / FOLDER  # below the folder of all stacks


def _lock(folder: Path, name: str) -> Path:
    return folder / f"{name}.lock"


def _shared(path: Path) -> IO[str]:
    """Returns the lock file, locked: one that a session which cleans up has taken away meanwhile is made again."""
    while True:
        file = path.open("a+", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_SH)
        if _is_there(path, file):
            return file
        file.close()


def _try_locked(path: Path) -> IO[str] | None:
    """Returns the lock file, locked; None if somebody else has it."""
    with contextlib.suppress(OSError):
        file = path.open("r+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        if _is_there(path, file):
            return file
        file.close()
    return None


def _is_there(path: Path, file: IO[str]) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
