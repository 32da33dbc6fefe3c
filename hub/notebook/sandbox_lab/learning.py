"""A user's lessons: `spark-etl learn`, as a process with this server's rights, on local Spark in it.

One of them works at a time: each needs a JVM, and a server has memory for one.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox_lab.command import run_json
from sandbox_lab.errors import RefusedError

SECONDS = 300
LARGEST_ANSWER = 4 * 1024**2
# Python without the folder that it starts in, where a file of the user's may be called like a module.
PROGRAM = ("-P", "-m", "spark_etl", "learn")
ACTIONS = ("start", "hint", "check", "reset")
GIVEN = ("feature", "rows", "of")
LONGEST, MOST = 10_000, 999
BUSY = threading.Lock()


def list_lessons(home: Path) -> dict[str, Any]:
    """Returns all lessons, with how far this user is.

    Args:
        home: The folder in which the server's files lie.

    Raises:
        RefusedError: The record of the lessons can't be read.
    """
    return _answer(home, ["list"])


def act(home: Path, action: str, lesson: int | None, given: Mapping[str, str]) -> dict[str, Any]:
    """Starts, checks or resets a lesson, or returns a hint.

    Args:
        home: The folder in which the server's files lie.
        action: One of `ACTIONS`.
        lesson: Its number; None: the one that was worked on last.
        given: Of an answer: `feature`, `rows`, `of`.

    Raises:
        RefusedError: There is no such lesson or action, another one works, or Spark does not.
    """
    if action not in ACTIONS:
        raise RefusedError(404, f"`{action[:40]}` is nothing to do with a lesson; there are {', '.join(ACTIONS)}.")
    if lesson is not None and not 1 <= lesson <= MOST:
        raise RefusedError(422, f"There is no lesson {lesson}.", "./sandbox learn")
    if any(len(text) > LONGEST for text in given.values()):
        raise RefusedError(422, f"An answer has no text of more than {LONGEST:,} characters.")
    words = [action, *([str(lesson)] if lesson is not None else []), *(["--yes"] if action == "reset" else [])]
    if action == "check":
        words += [f"--{name}={text}" for name, text in given.items() if name in GIVEN]
    if not BUSY.acquire(blocking=False):
        raise RefusedError(409, "A lesson is being started or checked in this server.", "wait until it has ended")
    try:
        return _answer(home, words)
    finally:
        BUSY.release()


def notebook_path(home: Path, notebook: str) -> str:
    """Returns where a notebook is as JupyterLab shows it; empty where it is not in the home."""
    file = Path(notebook)
    return file.relative_to(home).as_posix() if file.is_relative_to(home) else ""


def _answer(home: Path, words: list[str]) -> dict[str, Any]:
    argv = [sys.executable, *PROGRAM, *words, "--home", str(home), "--json"]
    answered = (0, 1) if words[0] == "check" else (0,)
    return run_json(argv, home, name="spark-etl learn", seconds=SECONDS, largest=LARGEST_ANSWER, answered=answered)
