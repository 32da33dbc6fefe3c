"""The `spark-etl` command as a process with this server's rights, and what it answers as JSON."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, Any

from spark_etl.printable import printable

from sandbox_lab.errors import RefusedError

ERROR, NEXT = "error: ", "  next: "
STATUSES = {1: 422, 2: 422, 5: 502}
UNKNOWN = 500


def run_json(
    argv: Sequence[str],
    home: Path,
    *,
    name: str,
    seconds: float,
    largest: int,
    answered: Collection[int] = (0,),
) -> dict[str, Any]:
    """Returns what the command prints as JSON.

    Args:
        argv: The command.
        home: The folder that it works in.
        name: What it is called in messages.
        seconds: How long it may take.
        largest: How many bytes it may answer.
        answered: Exit codes with which it answers, and does not refuse.

    Raises:
        RefusedError: It refuses, with its message and hint; or it does not end in time.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            done = subprocess.run(
                argv, cwd=home, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise RefusedError(504, f"`{name}` has not ended after {seconds} seconds.", "./sandbox status") from None
        except OSError as error:
            raise RefusedError(UNKNOWN, f"`{name}` can't be started: {error.strerror}.") from None
        text = _text(name, out, largest)
        if done.returncode not in answered or (done.returncode and not text):
            raise _refusal(name, done.returncode, _text(name, err, largest))
        return _parsed(name, text)


def _text(name: str, stream: IO[bytes], largest: int) -> str:
    """Returns what was written to a file, unless it is too much.

    Raises:
        RefusedError: It is.
    """
    size = stream.seek(0, 2)
    if size > largest:
        what = f"`{name}` answers with {size / 1024**2:.0f} MB, more than {largest // 1024**2} MB."
        raise RefusedError(413, what, "take large files out of the notebook's folder")
    stream.seek(0)
    return stream.read().decode(errors="replace")


def _parsed(name: str, text: str) -> dict[str, Any]:
    lines = text.strip().splitlines()
    try:
        content = json.loads(lines[-1])
    except (IndexError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise RefusedError(UNKNOWN, f"`{name}` has ended without an answer.", "./sandbox logs user:NAME")
    return content


def _refusal(name: str, code: int, stderr: str) -> RefusedError:
    """Returns the error of a command that has failed: the last one on its stderr, with what to do next."""
    _, found, text = f"\n{stderr}".rpartition(f"\n{ERROR}")
    if not found:
        tail = printable(stderr.strip()[-500:])
        return RefusedError(UNKNOWN, f"`{name}` has ended with exit code {code}: {tail}")
    message, _, hint = text.rstrip().partition(f"\n{NEXT}")
    return RefusedError(STATUSES.get(code, UNKNOWN), printable(message), printable(hint) or None)
