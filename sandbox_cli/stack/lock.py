"""One change of a stack at a time: a lock that names its holder and goes with it, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import state

POLL_SECONDS = 0.2


@contextmanager
def hold(console: Console, settings: Settings, verb: str) -> Iterator[None]:
    """Holds the stack's lock while the block runs.

    Raises:
        StackError: Somebody else holds it, and we were told not to wait.
    """
    path = state.private_folder(settings.state_dir) / "up.lock"
    with path.open("a+", encoding="utf-8") as file:
        _acquire(file, console, settings)
        try:
            _sign(file, verb)
            yield
        finally:
            file.truncate(0)


def _acquire(file: IO[str], console: Console, settings: Settings) -> None:
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = _holder(file)
        if not settings.wait_for_lock:
            raise StackError(
                f"The stack `{settings.stack}` is being changed by {holder}.", hint="wait, or stop that one"
            )
        if not told:
            console.info(f"waiting for {holder}, which is changing the stack `{settings.stack}`")
            told = True
        time.sleep(POLL_SECONDS)


def _sign(file: IO[str], verb: str) -> None:
    file.truncate(0)
    json.dump({"pid": os.getpid(), "verb": verb, "since": datetime.now().astimezone().isoformat("T", "seconds")}, file)
    file.flush()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        note = json.loads(file.read())
        return f"`sandbox {note['verb']}` (process {note['pid']}, since {note['since']})"
    except (ValueError, KeyError, TypeError):  # it has not signed yet
        return "another `sandbox` command"
