"""`run.replay("orders")`: one feature of a run again, in a process of its own with this process's rights."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import IO, Any, Generic, Protocol, TypeVar

from spark_etl.errors import ReadError
from spark_etl.printable import printable
from spark_etl.store import StoredRun

ANSWERED = {0, 1, 5}
STOP_SECONDS = 30
ERROR = "error: "
# A session by Spark Connect leaves it behind, and a process that inherits it can open none of another kind.
SET_BY_SESSIONS = {"SPARK_CONNECT_MODE_ENABLED"}


class HasName(Protocol):
    """A run."""

    name: str


Run = TypeVar("Run", bound=HasName)  # `spark_etl.reading.run.Run`, which makes replays


@dataclass(frozen=True)
class Replay(Generic[Run]):
    """What came of a replay.

    Attributes:
        verdict: All that is known, as plain values.
        run: The replay, a run like any other: `replay.run["orders"]` are the rows.
    """

    verdict: dict[str, Any]
    run: Run

    @property
    def answer(self) -> str:
        """`same rows`, `other rows`, `fails in the same way`, `fails in another way`, `fails now`, `fails`,
        `no longer fails` or `nothing to compare with`.
        """
        return str(self.verdict.get("answer"))

    @property
    def text(self) -> str:
        """The same in words, with what it rests on."""
        return printable(str(self.verdict.get("text")))

    @property
    def same(self) -> bool:
        """Whether it gave the rows of the run."""
        return self.answer == "same rows"

    def __repr__(self) -> str:
        return f"{self.text}\n  kept as run {printable(self.run.name, one_line=True)}"

    def _repr_html_(self) -> str:
        answer, *more = repr(self).split("\n", 1)
        return "".join([f"<p><b>{escape(answer)}</b></p>", *(f"<pre>{escape(text)}</pre>" for text in more)])


def start_replay(run: str, feature: str | None, options: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """Replays and returns where the replay lies, and its verdict; shows on stderr what it says.

    Args:
        run: The run's folder.
        feature: The feature; None: the one that the run failed at.
        options: Those of `spark-etl replay`, by name; one that is None or False is left out.

    Raises:
        ReadError: It could not be replayed; why is on stderr, too.
    """
    out, exit_code, error = run_replay(run, feature, options)
    with suppress(ValueError, KeyError, IndexError):
        found = json.loads(out.splitlines()[-1])
        if exit_code in ANSWERED and found["verdict"]:
            return str(found["path"]), dict(found["verdict"])
    raise ReadError(error or f"the replay has ended with exit code {exit_code}", hint="what it said stands above")


def run_replay(run: str, feature: str | None, options: Mapping[str, object]) -> tuple[str, int, str]:
    """Runs `spark-etl replay` in a process of its own, which writes its summary to stdout as JSON.

    Args:
        run: The run's folder.
        feature: The feature; None: the one that the run failed at.
        options: Those of the command, by name; one that is None or False is left out.

    Returns:
        Its stdout, its exit code, and the last error on its stderr, all of which is shown.
    """
    name = "/".join(filter(None, [run.removeprefix("file://"), feature]))
    scratch = os.environ.get("SANDBOX_SCRATCH") or StoredRun(run).scratch
    argv = [sys.executable, "-m", "spark_etl", "replay", name, "--scratch-path", scratch, "--json"]
    for option, value in options.items():
        argv += [option] if value is True else [] if value in (None, False) else [option, str(value)]
    return _run(argv)


def _run(argv: Sequence[str]) -> tuple[str, int, str]:
    """Returns stdout, exit code, and the last error on stderr, which is passed on line by line."""
    library = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH", "")]))
    environment = {name: value for name, value in os.environ.items() if name not in SET_BY_SESSIONS}
    environment["PYTHONPATH"] = path
    # The project's code may print any amount to stdout, which nobody reads until the end.
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
        try:
            error = _passed_on(process.stderr or io.BytesIO())
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


def _passed_on(lines: IO[bytes]) -> str:
    """Shows what the process says, and returns its last error."""
    error = ""
    for line in lines:
        text = printable(line.decode(errors="replace").rstrip("\n"))
        if text.startswith(ERROR):
            error = text.removeprefix(ERROR)
        sys.stderr.write(f"{text}\n")
    return error
