"""`run.replay("orders")`: one feature of a run again, in a process of its own with this process's rights."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any, Generic, Protocol, TypeVar

from spark_etl.errors import ReadError
from spark_etl.printable import printable
from spark_etl.reading.process import run_python
from spark_etl.store import StoredRun

ANSWERED = {0, 1, 5}


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
    """Replays and returns where the replay lies, and its verdict; shows what the process says.

    Args:
        run: The run's folder.
        feature: The feature; None: the one that the run failed at.
        options: Those of `spark-etl replay`, by name; one that is None or False is left out.

    Raises:
        ReadError: It could not be replayed; why is shown, too.
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
        Its stdout, its exit code, and the last error on its stderr; see `run_python`.
    """
    name = "/".join(filter(None, [run.removeprefix("file://"), feature]))
    scratch = os.environ.get("SANDBOX_SCRATCH") or StoredRun(run).scratch
    words = ["-m", "spark_etl", "replay", name, "--scratch-path", scratch, "--json"]
    for option, value in options.items():
        words += [option] if value is True else [] if value in (None, False) else [option, str(value)]
    return run_python(words)
