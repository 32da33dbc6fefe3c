"""One change of a stack at a time, and one build of images at a time, which the stacks of a user share.

Locks end with the process that has them, however it ends. So one is also a sign that a process lives.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from sandbox_cli.console import Console, Stage
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import state

POLL_SECONDS = 0.2


@contextmanager
def stack_lock(console: Console, settings: Settings, verb: str) -> Iterator[None]:
    """Holds the stack's lock while the block runs.

    Raises:
        StackError: Another command holds it, and the settings say not to wait.
    """
    folder = state.private_folder(settings.state_dir)
    if state.close_to_others(folder):
        console.warn(f"{folder} was open to others on this machine; now it is yours alone (mode 0700)")
    path = folder / "up.lock"
    with path.open("a+", encoding="utf-8") as file:
        _acquire(file, console, settings)
        try:
            _record_holder(file, verb)
            yield
        finally:
            file.truncate(0)


def _acquire(file: IO[str], console: Console, settings: Settings) -> None:
    announced = False
    while not _try_lock(file):
        holder = _holder(file)
        if not settings.wait_for_lock:
            raise StackError(
                f"The stack `{settings.stack}` is being changed by {holder}.", hint="wait for it, or end that process"
            )
        if not announced:
            console.info(f"waiting for {holder}, which is changing the stack `{settings.stack}`")
            announced = True
        time.sleep(POLL_SECONDS)


def _record_holder(file: IO[str], verb: str) -> None:
    file.truncate(0)
    json.dump({"pid": os.getpid(), "verb": verb, "since": datetime.now().astimezone().isoformat("T", "seconds")}, file)
    file.flush()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        holder = json.loads(file.read())
        return f"`sandbox {holder['verb']}` (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):  # it has not written its record yet
        return "another `sandbox` command"


@contextmanager
def build_lock(stage: Stage, path: Path | None = None) -> Iterator[None]:
    """Holds the user's build lock while the block runs; a second `up` waits for it, and finds the images built."""
    path = path or Path(tempfile.gettempdir()) / f"sandbox-build-{os.getuid()}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        announced = False
        while not _try_lock(handle):
            if not announced:
                stage.update("waiting: another `sandbox up` is building images")
                announced = True
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(handle)


@contextmanager
def alive(path: Path) -> Iterator[None]:
    """Is a sign that this process lives: whoever asks `is_alive` of the file knows it, however the process ends."""
    with _locked(path):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _locked(path: Path) -> IO[str]:
    """Returns the file, locked; once more where `remove_dead` has deleted it meanwhile."""
    while True:
        file = path.open("w", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            return file
        file.close()


def remove_dead(path: Path) -> None:
    """Deletes the file of `alive`, unless a process is inside of it."""
    with suppress(FileNotFoundError), path.open(encoding="utf-8") as file:
        if _try_lock(file):
            path.unlink(missing_ok=True)


def is_alive(path: Path) -> bool:
    """Returns whether a process is inside of `alive` with that file."""
    try:
        with path.open(encoding="utf-8") as file:
            return not _try_lock(file)
    except FileNotFoundError:
        return False


def _try_lock(file: IO[str] | int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
