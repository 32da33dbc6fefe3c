"""How far a learner is: a JSON file beside the lessons in their home."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import ArgumentError, DamagedError
from spark_etl.storage import normalise, storage_for

FILE, VERSION = "progress.json", 1


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
        lessons = {int(number): _lesson(known) for number, known in content["lessons"].items()}
        current = content["current"]
        return LearnerProgress(lessons, int(current) if current is not None else None)
    except (DamagedError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArgumentError(
            f"{file} can't be read: {error}", hint=f"move it away (mv {file} {file}.old), and start lessons again"
        ) from error


def _later_version(file: Path) -> ArgumentError:
    return ArgumentError(
        f"{file} was written by a later version of the sandbox", hint="./sandbox up, which renews servers"
    )


def _lesson(known: dict[str, Any]) -> LessonProgress:
    names = {each.name for each in fields(LessonProgress)}
    made = LessonProgress(**{name: value for name, value in known.items() if name in names})
    if not isinstance(made.seed, int) or not isinstance(made.run, str):
        raise TypeError("a seed or a run is none")
    return made


def store_progress(folder: Path, progress: LearnerProgress) -> None:
    """Writes it as a whole: whoever reads it meanwhile gets what was there before."""
    lessons = {str(number): asdict(known) for number, known in sorted(progress.lessons.items())}
    content = {"version": VERSION, "current": progress.current, "lessons": lessons}
    path = normalise(str(folder / FILE))
    storage_for(path).write(path, (json.dumps(content, indent=1) + "\n").encode())
