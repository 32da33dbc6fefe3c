"""The debug notebook of a run, and its edits as a patch: `spark-etl debug`, as a process with this server's rights.

Nothing of a run is executed here. The process reads the code that the run has kept, and writes files into the home.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spark_etl.printable import printable

from sandbox_lab.command import run_json
from sandbox_lab.errors import RefusedError

SECONDS = 60
LARGEST_ANSWER = 32 * 1024**2
# A run by its id or a part of it, below the scratch path, or by its whole path in S3. A folder of this machine is none:
# what lies there counts as the user's own, and a link may name what somebody else has put there.
RUN = re.compile(r"(?:s3a?://)?(?!.*://)[A-Za-z0-9][^\x00-\x20\x7f\ud800-\udfff]*")
MAX_NAME = 1024
FEATURE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,199}")
# Python without the folder that it starts in, where a file of the user's may be called like a module.
PROGRAM = ("-P", "-m", "spark_etl", "debug")


def open_notebook(home: Path, run: str | None, feature: str | None, *, new: bool) -> dict[str, Any]:
    """Writes the debug notebook of a feature, unless there is one, and returns path, state, folder, run and so on.

    Args:
        home: The folder in which the server's files lie.
        run: A run of the store; None: the newest that failed.
        feature: A feature of it; None: the one that it failed at.
        new: Whether another notebook is made beside one that is there.

    Raises:
        RefusedError: There is no such run or feature, it has no code, or the home takes no notebook.
    """
    words = [_named(run, feature)] if run is not None else []
    return _answer(home, [*words, *(["--new"] if new else [])])


def make_patch(home: Path, path: str) -> dict[str, Any]:
    """Returns what was edited in a debug notebook, as a patch: patch, left_out, run, project, config_path.

    Args:
        home: The folder in which the server's files lie.
        path: The notebook's, relative to it.

    Raises:
        RefusedError: There is no such notebook, or it is none of `debug`.
    """
    return _answer(home, ["--patch", str(_notebook(home, path))])


def _named(run: str, feature: str | None) -> str:
    """Returns `RUN/FEATURE` as the command takes it.

    Raises:
        RefusedError: No run or no feature can be called so.
    """
    if len(run) > MAX_NAME or not RUN.fullmatch(run):
        raise RefusedError(
            422,
            printable(f"`{run[:80]}` is no run of this stack.", one_line=True),
            "./sandbox runs list\nFor a run in a folder: `spark-etl debug`, in a terminal there.",
        )
    if feature is None:
        return run
    if not FEATURE.fullmatch(feature):
        known = printable(f"`{feature[:80]}` can't be a feature of run {run}.", one_line=True)
        raise RefusedError(422, known, f"./sandbox runs show {run}")
    return f"{run.rstrip('/')}/{feature}"


def _notebook(home: Path, path: str) -> Path:
    """Returns the file of a notebook in the home."""
    file = home / path.lstrip("/")
    try:
        found = file.suffix == ".ipynb" and file.is_file() and file.resolve().is_relative_to(home.resolve())
    except (OSError, RuntimeError):  # a name that is too long, or links in a circle
        found = False
    if not found:
        known = printable(f"There is no notebook `{path[:200]}` in this home.", one_line=True)
        raise RefusedError(422, known, "give its path as JupyterLab shows it")
    return file


def _answer(home: Path, words: Sequence[str]) -> dict[str, Any]:
    """Returns what the command prints as JSON.

    Raises:
        RefusedError: It refuses, with its message and hint; or it does not end in time.
    """
    argv = [sys.executable, *PROGRAM, *words, "--home", str(home), "--json"]
    return run_json(argv, home, name="spark-etl debug", seconds=SECONDS, largest=LARGEST_ANSWER)
