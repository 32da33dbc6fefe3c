"""How far a learner is: a JSON file beside the lessons in their home."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spark_etl import bounded_json
from spark_etl.errors import ArgumentError, DamagedError
from spark_etl.storage import normalise, storage_for

FILE, LOCK, VERSION = "progress.json", ".progress.lock", 1
Count = Annotated[int, Field(ge=0)]
Number = Annotated[int, Field(ge=1)]


class _StoredLesson(BaseModel):
    """What the file says of a lesson; what a later version adds is passed over."""

    model_config = ConfigDict(strict=True)

    seed: Count
    run: str
    hints: Count = 0
    checks: Count = 0
    started: str = ""
    solved: str | None = None


class _Stored(BaseModel):
    """What the file says."""

    model_config = ConfigDict(strict=True)

    version: Number
    current: Number | None
    lessons: dict[str, _StoredLesson]


@dataclass
class LessonProgress:
    """How far a lesson is.

    Attributes:
        seed: What decides variant and rows.
        run: Where the run lies that has happened.
        hints: How many were shown.
        checks: How many answers were checked.
        started: When, in UTC.
        solved: When; None: not yet.
    """

    seed: int
    run: str
    hints: int = 0
    checks: int = 0
    started: str = ""
    solved: str | None = None

    @property
    def state(self) -> str:
        """`started` or `solved`."""
        return "solved" if self.solved else "started"


@dataclass
class LearnerProgress:
    """How far a learner is.

    Attributes:
        lessons: By number; one that was never started is not there.
        current: The lesson that was worked on last.
    """

    lessons: dict[int, LessonProgress] = field(default_factory=dict)
    current: int | None = None


def load_progress(folder: Path) -> LearnerProgress:
    """Returns what a folder of lessons says; nothing was started where it has no such file.

    Raises:
        ArgumentError: The file can't be read.
    """
    file = folder / FILE
    if not file.is_file():
        return LearnerProgress()
    try:
        content: Any = bounded_json.parse(file.read_bytes(), str(file))
        if content["version"] > VERSION:
            raise _later_version(file)
        stored = _Stored.model_validate(content)
        lessons = {int(number): LessonProgress(**known.model_dump()) for number, known in stored.lessons.items()}
        return LearnerProgress(lessons, stored.current)
    except (DamagedError, OSError, KeyError, TypeError, ValueError) as error:
        raise ArgumentError(
            f"{file} can't be read: {_problem(error)}",
            hint=f"move it away (mv {file} {file}.old), and start lessons again. Your changed projects are kept",
        ) from error


def _problem(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    found = error.errors(include_url=False)[0]
    return f"`{'.'.join(map(str, found['loc']))}`: {found['msg']}"


@contextmanager
def changed_progress(folder: Path) -> Iterator[LearnerProgress]:
    """Gives what the file says now, and writes it with what was changed inside; nobody else writes it meanwhile.

    Raises:
        ArgumentError: The file can't be read, or the folder can't be written.
    """
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fcntl.flock(stack.enter_context((folder / LOCK).open("a")), fcntl.LOCK_EX)
        except OSError as error:
            raise ArgumentError(f"{folder} can't be written: {error.strerror}", hint=f"ls -ld {folder}") from error
        progress = load_progress(folder)
        yield progress
        store_progress(folder, progress)


def _later_version(file: Path) -> ArgumentError:
    return ArgumentError(
        f"{file} was written by a later version of the sandbox", hint="./sandbox up, which renews servers"
    )


def store_progress(folder: Path, progress: LearnerProgress) -> None:
    """Writes it as a whole: whoever reads it meanwhile gets what was there before."""
    lessons = {str(number): asdict(known) for number, known in sorted(progress.lessons.items())}
    content = {"version": VERSION, "current": progress.current, "lessons": lessons}
    path = normalise(str(folder / FILE))
    storage_for(path).write(path, (json.dumps(content, indent=1) + "\n").encode())
