"""A Python process of its own: what it says is shown as it comes, what it prints is returned at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from spark_etl.printable import printable
from spark_etl.sessions.kernel import running_shell
from spark_etl.sessions.screen import CellLines

STOP_SECONDS = 30
CHUNK_BYTES = 65_536
ERROR = "error: "
# A session by Spark Connect leaves it behind, and a process that inherits it can open none of another kind.
SET_BY_SESSIONS = {"SPARK_CONNECT_MODE_ENABLED"}


def run_python(words: Sequence[str]) -> tuple[str, int, str]:
    """Runs this Python, with this library.

    Args:
        words: Its arguments: `-m spark_etl replay …`.

    Returns:
        Its stdout, its exit code, and the last error on its stderr, all of which is shown: below the cell of a
        notebook, else on stderr.
    """
    library = str(Path(__file__).resolve().parents[2])
    environment = {name: value for name, value in os.environ.items() if name not in SET_BY_SESSIONS}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH", "")]))
    # The project's code may print any amount to stdout, which nobody reads until the end.
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, *words], env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE
        )
        try:
            assert process.stderr is not None  # noqa: S101 - for the type checker: it is a pipe
            error = _passed_on(process.stderr, _screen())
            code = process.wait()
        except BaseException:
            end_process(process)
            raise
        out.seek(0)
        return out.read().decode(errors="replace"), code, error


def end_process(process: subprocess.Popen[bytes]) -> None:
    """Lets the process record that it was interrupted, and ends it if it takes too long."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _screen() -> Callable[[list[str]], None]:
    """Returns what shows lines. JupyterLab paints stderr red, as if each of them were an error."""
    shell = running_shell()
    if shell is not None:
        return CellLines(shell.display_pub).show
    return lambda lines: sys.stderr.writelines(f"{line}\n" for line in lines)


def _passed_on(said: IO[bytes], show: Callable[[list[str]], None]) -> str:
    """Shows what the process says, and returns its last error."""
    error = ""
    for lines in _lines(said):
        error = next((line.removeprefix(ERROR) for line in reversed(lines) if line.startswith(ERROR)), error)
        show(lines)
    return error


def _lines(said: IO[bytes]) -> Iterator[list[str]]:
    """Yields the lines that have come since the last look; so a process that says much is shown in few steps."""
    rest = b""
    while chunk := os.read(said.fileno(), CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield [printable(line.decode(errors="replace")) for line in lines]
    if rest:
        yield [printable(rest.decode(errors="replace"))]
