"""The debug notebook of a run, and its edits as a patch: `spark-etl debug`, as a process with this server's rights.

Nothing of a run is executed here. The process reads the code that the run has kept, and writes files into the home.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from spark_etl.printable import printable

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
ERROR, NEXT = "error: ", "  next: "
STATUSES = {1: 422, 2: 422, 5: 502}
UNKNOWN = 500


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
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            done = subprocess.run(
                argv, cwd=home, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise RefusedError(
                504, f"`spark-etl debug` has not ended after {SECONDS} seconds.", "./sandbox status"
            ) from None
        except OSError as error:
            raise RefusedError(UNKNOWN, f"`spark-etl debug` can't be started: {error.strerror}.") from None
        if done.returncode:
            raise _refusal(done.returncode, _text(err))
        return _parsed(_text(out))


def _text(stream: IO[bytes]) -> str:
    """Returns what was written to a file, unless it is too much.

    Raises:
        RefusedError: It is.
    """
    size = stream.seek(0, 2)
    if size > LARGEST_ANSWER:
        what = f"`spark-etl debug` answers with {size / 1024**2:.0f} MB, more than {LARGEST_ANSWER // 1024**2} MB."
        raise RefusedError(413, what, "take large files out of the notebook's folder")
    stream.seek(0)
    return stream.read().decode(errors="replace")


def _parsed(text: str) -> dict[str, Any]:
    lines = text.strip().splitlines()
    try:
        content = json.loads(lines[-1])
    except (IndexError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise RefusedError(UNKNOWN, "`spark-etl debug` has ended without an answer.", "./sandbox logs user:NAME")
    return content


def _refusal(code: int, stderr: str) -> RefusedError:
    """Returns the error of a command that has failed: the last one on its stderr, with what to do next."""
    _, found, text = f"\n{stderr}".rpartition(f"\n{ERROR}")
    if not found:
        tail = printable(stderr.strip()[-500:])
        return RefusedError(UNKNOWN, f"`spark-etl debug` has ended with exit code {code}: {tail}")
    message, _, hint = text.rstrip().partition(f"\n{NEXT}")
    return RefusedError(STATUSES.get(code, UNKNOWN), printable(message), printable(hint) or None)
