"""What the notebook of a lesson calls: `learn = open_lesson(1)`, then `learn.rows("…")`, `learn.check()`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spark_etl.errors import ReadError
from spark_etl.learning.answer import Answer
from spark_etl.learning.desk import FOLDER, Desk
from spark_etl.learning.markdown import as_markdown
from spark_etl.learning.project import MARK
from spark_etl.printable import printable
from spark_etl.reading import Run
from spark_etl.reading.process import run_python

ANSWERED = {0, 1}


class Said:
    """Lines of a lesson, which are Markdown."""

    def __init__(self, lines: Sequence[str], *, solved: bool | None = None) -> None:
        self.lines = list(lines)
        self.solved = solved

    def __repr__(self) -> str:
        return printable("\n".join(self.lines))

    def _repr_markdown_(self) -> str:
        return as_markdown(self.lines)


class Learn:
    """A lesson in a notebook.

    Args:
        number: Its number.
        home: Below which it is.
    """

    def __init__(self, number: int, home: Path) -> None:
        self.number = number
        self._home = home
        self._desk = Desk(home)
        self._desk.run(number)  # says at once what is missing

    @property
    def run(self) -> Run:
        """The run that has happened: `learn.run["orders"]` are the rows of a feature."""
        return self._desk.run(self.number)

    def feature(self, name: str) -> Said:
        """Answers which feature has the wrong code; empty leaves the answer as it is."""
        answer = self._desk.answer(self.number, feature=name or None)
        return Said(_shown(answer))

    def rows(self, where: str, of: str | None = None) -> Said:
        """Answers which rows show it; empty leaves the answer as it is.

        Args:
            where: A condition in SQL, or a query that returns their keys.
            of: The feature whose rows they are; the one of `feature` if not given.
        """
        answer = self._desk.answer(self.number, rows=where or None, of=of)
        return Said(_shown(answer))

    def hint(self) -> Said:
        """Shows one hint more."""
        return Said([*self._desk.hint(self.number).lines()])

    def check(self) -> Said:
        """Checks the answer and the project, in a process of its own.

        Raises:
            ReadError: The check could not be made; why is shown, too.
        """
        verdict = _in_own_process(["check", str(self.number), "--home", str(self._home)])
        return Said([str(line) for line in verdict["lines"]], solved=bool(verdict["solved"]))

    def __repr__(self) -> str:
        return f"lesson {self.number}: feature(), rows(), hint(), check(), run"


def open_lesson(number: int, home: str | Path | None = None) -> Learn:
    """Returns a lesson that was started.

    Args:
        number: Its number.
        home: Below which it is; that of the notebook that is open, else the user's.

    Raises:
        ArgumentError: It was not started, or its run is gone.
    """
    return Learn(number, Path(home) if home is not None else _home_of(Path.cwd()))


def _home_of(here: Path) -> Path:
    """Returns below which the lesson lies that a notebook was opened in."""
    is_lesson = (here / MARK).is_file() and here.parent.name == FOLDER
    return here.parent.parent if is_lesson else Path.home()


def _shown(answer: Answer) -> list[str]:
    empty = "not given yet"
    rows = f"`{answer.rows}` of {answer.frame or '?'}" if answer.rows else empty
    return ["your answer so far", f"  feature: {answer.feature or empty}", f"  rows: {rows}"]


def _in_own_process(words: Sequence[str]) -> dict[str, Any]:
    """Returns what `spark-etl learn` prints as JSON; what it says meanwhile is shown."""
    out, code, error = run_python(["-P", "-m", "spark_etl", "learn", *words, "--json"])
    lines = out.splitlines()
    if code not in ANSWERED or not lines:
        raise ReadError(error or f"the check has ended with exit code {code}", hint="what it said stands above")
    found: dict[str, Any] = json.loads(lines[-1])
    return found
