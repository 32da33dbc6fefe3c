"""The way into lessons, for the command, for notebooks and for the page: list, start, hint, check, reset."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from spark_etl.errors import ArgumentError, ReadError
from spark_etl.learning.answer import Answer, read_answer, write_answer
from spark_etl.learning.check import check_answer
from spark_etl.learning.finding import CheckVerdict
from spark_etl.learning.lesson import Assignment, Lesson, find_lesson, load_lessons
from spark_etl.learning.pages import NOTEBOOK
from spark_etl.learning.progress import LessonProgress, changed_progress, load_progress
from spark_etl.learning.project import MARK, move_aside, read_ticket, remove_project, write_project
from spark_etl.learning.work import Say, run_lesson
from spark_etl.reading import Run, Runs
from spark_etl.storage import is_s3, join, normalise
from spark_etl.store import USERS, now, run_name, top_scratch

FOLDER, OWN_SCRATCH = "learn", ".spark-etl/scratch"
SEEDS = 1 << 31


@dataclass(frozen=True)
class LessonRow:
    """A lesson in the list.

    Attributes:
        state: `new`, `started` or `solved`.
        hints: How many were shown, of `hints_of`.
        checks: How many answers were checked.
        folder: Of its project, as one sees it; empty if it was not started.
        answer: The answer so far.
        run: What finds the run; empty if it was not started.
        ticket: The ticket; empty if it was not started, or its file is gone.
    """

    number: int
    title: str
    state: str
    hints: int
    hints_of: int
    checks: int
    folder: str
    answer: Answer
    run: str
    ticket: str


@dataclass(frozen=True)
class Started:
    """A lesson that was started.

    Attributes:
        state: `new`, or `unchanged` where it had been started before.
        folder: Of its project.
        notebook: Its notebook.
        run: What finds the run.
        ticket: The ticket.
        kept: Where a changed project now lies that was in the folder before; empty: there was none.
    """

    number: int
    title: str
    state: str
    folder: str
    notebook: str
    run: str
    ticket: str
    kept: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values."""
        return {**asdict(self), "lines": list(self.lines())}

    def lines(self) -> Iterator[str]:
        """Yields what one has to know, in words."""
        known = "started" if self.state == "new" else "was started already, and is as you left it"
        yield f"lesson {self.number}, {self.title}: {known}"
        yield from ("", *self.ticket.strip().splitlines(), "")
        yield f"  project:   {self.folder}"
        yield f"  notebook:  {self.notebook}"
        yield f"  the run:   {self.run}"
        if self.kept:
            yield f"  kept:      {self.kept}, the project that was in {self.folder} before"


@dataclass(frozen=True)
class Hint:
    """One hint.

    Attributes:
        place: The how manieth it is, of `of`.
        text: It.
    """

    number: int
    place: int
    of: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values."""
        return {**asdict(self), "lines": list(self.lines())}

    def lines(self) -> Iterator[str]:
        """Yields it in words."""
        yield f"lesson {self.number}, hint {self.place} of {self.of}:"
        yield from self.text.splitlines()


class Desk:
    """A learner's lessons.

    Args:
        home: Below which they are, in the folder `learn`.
        scratch: Where runs are kept; None: in the user's own prefix on a stack, else in that folder.
        say: Is given a line for each step of what takes longer.
    """

    def __init__(self, home: Path, scratch: str | None = None, say: Say = lambda _: None) -> None:
        self.folder = home.absolute() / FOLDER
        self.scratch = normalise(scratch or own_scratch(self.folder))
        self._say = say
        self._lessons = load_lessons()

    def list(self) -> list[LessonRow]:
        """Returns all lessons, with how far they are."""
        known = load_progress(self.folder).lessons
        return [self._row(lesson, known.get(lesson.number)) for lesson in self._lessons]

    def _row(self, lesson: Lesson, known: LessonProgress | None) -> LessonRow:
        done = known or LessonProgress(0, "")
        hints = lesson.read("hints.md").count("\n---\n") + 1
        state, folder = (known.state, str(self._folder(lesson.number))) if known else ("new", "")
        answer, ticket = (_readable_answer(Path(folder)), read_ticket(Path(folder))) if folder else (Answer(), "")
        run, title = run_name(done.run) if known else "", lesson.declared.title
        return LessonRow(lesson.number, title, state, done.hints, hints, done.checks, folder, answer, run, ticket)

    def start(self, number: int, seed: int | None = None) -> Started:
        """Writes the project of a lesson and runs it, unless that was done before.

        Args:
            number: The lesson.
            seed: What decides variant and rows; by chance if not given.

        Raises:
            ArgumentError: There is no such lesson, or its folder is gone or taken.
            SparkEtlError: The run did not end as it has to.
        """
        lesson, known = find_lesson(number, self._lessons), load_progress(self.folder).lessons.get(number)
        folder, is_new, kept = self._folder(number), known is None, ""
        if known is None:
            assignment = lesson.for_seed(secrets.randbelow(SEEDS) if seed is None else seed)
            kept = move_aside(lesson, folder)
            write_project(assignment, folder)
            run = run_lesson(assignment, folder, self.scratch, self._say)
            known = LessonProgress(assignment.seed, run, started=now())
        elif not (folder / MARK).is_file():
            raise ArgumentError(f"{folder} is not there any more", hint=f"./sandbox learn reset {number}")
        with changed_progress(self.folder) as progress:  # a check may have ended while the run was made
            progress.lessons.setdefault(number, known)
            progress.current = number
        return Started(
            number,
            lesson.declared.title,
            "new" if is_new else "unchanged",
            str(folder),
            str(folder / NOTEBOOK),
            run_name(known.run),
            read_ticket(folder),
            kept,
        )

    def hint(self, number: int | None = None) -> Hint:
        """Returns one hint more; the last one again when all were shown.

        Raises:
            ArgumentError: The lesson was not started.
        """
        assignment, known = self._started(number)
        number, hints = assignment.lesson.number, assignment.hints
        with changed_progress(self.folder) as progress:
            known = progress.lessons.get(number, known)
            known.hints = min(known.hints + 1, len(hints))
        return Hint(number, known.hints, len(hints), hints[known.hints - 1])

    def answer(self, number: int, feature: str | None = None, rows: str | None = None, of: str | None = None) -> Answer:
        """Returns the answer so far, with what is given anew.

        Raises:
            ArgumentError: The lesson was not started, or the file of the answer can't be read.
        """
        self._started(number)
        folder = self._folder(number)
        before = read_answer(folder)
        answer = before.with_given(feature, rows, of)
        if answer != before:
            write_answer(folder, answer)
        return answer

    def check(
        self, number: int | None = None, feature: str | None = None, rows: str | None = None, of: str | None = None
    ) -> CheckVerdict:
        """Checks the answer and the project; what is given of the answer is kept.

        Raises:
            ArgumentError: The lesson was not started, its run is gone, or the answer can't be read.
        """
        assignment, _ = self._started(number)
        number = assignment.lesson.number
        answer = self.answer(number, feature, rows, of)
        verdict = check_answer(
            assignment, self._folder(number), self.run(number), answer, scratch=self.scratch, say=self._say
        )
        self._record(number, verdict)
        return replace(verdict, replay=run_name(verdict.replay) if verdict.replay else "")

    def _record(self, number: int, verdict: CheckVerdict) -> None:
        """Counts a check; what else was recorded meanwhile stays."""
        with changed_progress(self.folder) as progress:
            if known := progress.lessons.get(number):
                known.checks += 1
                known.solved = known.solved or (now() if verdict.solved else None)
                progress.current = number

    def run(self, number: int) -> Run:
        """Returns the run of a lesson that has happened.

        Raises:
            ArgumentError: The lesson was not started, or its run is gone.
        """
        _, known = self._started(number)
        try:
            return Runs(self.scratch)[known.run.removeprefix("file://")]
        except ReadError as error:
            raise ArgumentError(
                f"the run of lesson {number} is gone: {error.message}", hint=f"./sandbox learn reset {number}"
            ) from error

    def reset(self, number: int) -> None:
        """Removes the project of a lesson and what was recorded of it; its runs stay in the store until a clean-up.

        Raises:
            ArgumentError: There is no such lesson.
        """
        find_lesson(number, self._lessons)
        with changed_progress(self.folder) as progress:
            remove_project(self._folder(number))
            progress.lessons.pop(number, None)
            progress.current = None if progress.current == number else progress.current

    def _folder(self, number: int) -> Path:
        return self.folder / str(number)

    def _started(self, number: int | None) -> tuple[Assignment, LessonProgress]:
        """Returns a lesson that was started; without a number, the one that was worked on last."""
        progress = load_progress(self.folder)
        chosen = progress.current if number is None else number
        if chosen is None:
            raise ArgumentError("no lesson was started", hint="./sandbox learn start 1")
        lesson = find_lesson(chosen, self._lessons)
        known = progress.lessons.get(chosen)
        if known is None or not self._folder(chosen).is_dir():
            what = "was not started" if known is None else "has no folder any more"
            command = "start" if known is None else "reset"
            raise ArgumentError(f"lesson {chosen} {what}", hint=f"./sandbox learn {command} {chosen}")
        return lesson.for_seed(known.seed), known


def _readable_answer(folder: Path) -> Answer:
    """Returns an answer for a list; what is wrong with its file, `check` says."""
    with suppress(ArgumentError):
        return read_answer(folder)
    return Answer()


def own_scratch(folder: Path) -> str:
    """Returns where a learner's runs are kept: on a stack below the user's own prefix, else in a folder of lessons."""
    user, scratch = os.environ.get("JUPYTERHUB_USER"), normalise(os.environ.get("SANDBOX_SCRATCH") or str(folder))
    if user and is_s3(scratch):
        return join(top_scratch(scratch), USERS, user)
    return str(folder / OWN_SCRATCH)
