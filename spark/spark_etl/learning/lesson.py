"""What a lesson is: a folder below `pipelines/lessons/`, which CONTRIBUTING.md describes."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from random import Random
from string import Template
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spark_etl.bounded_yaml import UnreadableYamlError, compose, construct
from spark_etl.errors import ArgumentError
from spark_etl.learning.planted import Period, Planted

FOLDER = Path(__file__).resolve().parents[2] / "pipelines" / "lessons"
DECLARATION, PROJECT, HINT_LINE = "lesson.yaml", "project", "\n---\n"
CONFIG = "feature_config.yaml"
Text = Annotated[str, Field(min_length=1)]


class Bug(BaseModel):
    """The planted bug: a part of a file of the project, as it is right, and as it is wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Text
    right: Text
    wrong: Text


class Days(BaseModel):
    """The first day and the last one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_date: date
    end_date: date


class Declaration(BaseModel):
    """What lesson.yaml says.

    Attributes:
        elsewhere: Other days, on whose rows a fix has to be right as well.
        feature: Whose code is wrong.
        frame: The feature in whose rows one sees it.
        key: The column that tells the rows of both apart.
        fails: Whether the run fails at the feature.
        variants: Text → what stands there instead, in all files of the lesson; a learner gets one of them.
        reasons: A sentence for each way in which a fix can be wrong; see `spark_etl.learning.judge.KINDS`.
        solution: A condition that holds for the rows of `frame` that the bug concerns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[int, Field(ge=1)]
    title: Text
    start_date: date
    end_date: date
    elsewhere: Days
    feature: Text
    frame: Text
    key: Text
    fails: bool = False
    variants: Annotated[tuple[dict[str, str], ...], Field(min_length=1)]
    bug: Bug
    reasons: dict[str, str] = {}
    solution: Text


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        folder: Where its files are.
        declared: What its lesson.yaml says.
    """

    folder: Path
    declared: Declaration

    @property
    def number(self) -> int:
        """Its number, by which it is called."""
        return self.declared.number

    def for_seed(self, seed: int) -> Assignment:
        """Returns the lesson as one learner gets it."""
        return Assignment(self, seed)

    def read(self, name: str) -> str:
        """Returns a text of the lesson as it is written."""
        return (self.folder / name).read_text(encoding="utf-8")

    def planted(self, random: Random, replacements: Mapping[str, str], period: Period) -> Planted:
        """Returns what the lesson's generator makes."""
        name = f"spark_etl_lesson_{self.folder.name}"
        spec = importlib.util.spec_from_file_location(name, self.folder / "generator.py")
        assert spec is not None  # noqa: S101 - for the type checker: it is a Python file
        assert spec.loader is not None  # noqa: S101
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        made: Planted = module.make(random, replacements, period)
        return made


@dataclass(frozen=True)
class Assignment:
    """A lesson as one learner has it: which of its variants, and which rows.

    Attributes:
        lesson: The lesson.
        seed: What decides both.
    """

    lesson: Lesson
    seed: int

    @cached_property
    def _random(self) -> Random:
        return Random(f"{self.lesson.folder.name}:{self.seed}")  # noqa: S311 - the same for the same seed

    @cached_property
    def replacements(self) -> Mapping[str, str]:
        """Text → what stands there instead."""
        return self._random.choice(self.lesson.declared.variants)

    @cached_property
    def planted(self) -> Planted:
        """The data, the rows that the bug concerns, and what is right."""
        _ = self.replacements  # the first thing that chance decides
        declared = self.lesson.declared
        return self.lesson.planted(self._random, self.replacements, Period(declared.start_date, declared.end_date))

    @cached_property
    def elsewhere(self) -> Planted:
        """A few other rows of other days, with the same replacements: on them, a fix has to be right, too."""
        days = self.lesson.declared.elsewhere
        random = Random(f"{self.lesson.folder.name}:{self.seed}:elsewhere")  # noqa: S311 - the same for the same seed
        return self.lesson.planted(random, self.replacements, Period(days.start_date, days.end_date, is_small=True))

    def with_replacements(self, text: str) -> str:
        """Returns a text of the lesson as this variant has it."""
        for old, new in self.replacements.items():
            text = text.replace(old, new)
        return text

    def text(self, name: str) -> str:
        """Returns a text for the learner, with the numbers of their data."""
        return Template(self.with_replacements(self.lesson.read(name))).substitute(self.planted.facts)

    @cached_property
    def hints(self) -> list[str]:
        """The hints, from a nudge to the solution."""
        return [hint.strip() for hint in self.text("hints.md").split(HINT_LINE)]

    @property
    def feature(self) -> str:
        """The feature whose code is wrong."""
        return self.with_replacements(self.lesson.declared.feature)

    @property
    def frame(self) -> str:
        """The feature in whose rows one sees it."""
        return self.with_replacements(self.lesson.declared.frame)

    @property
    def key(self) -> str:
        """The column that tells rows apart."""
        return self.with_replacements(self.lesson.declared.key)

    @property
    def solution(self) -> str:
        """A condition for the rows that the bug concerns."""
        return self.with_replacements(self.lesson.declared.solution)

    def reason(self, kind: str) -> str:
        """Returns what the lesson says of a fix that is wrong in a certain way; empty where it says nothing."""
        return self.with_replacements(self.lesson.declared.reasons.get(kind, ""))

    def project(self, data: str, *, right: bool = False) -> dict[str, str]:
        """Returns the files of the project: path → text.

        Args:
            data: The folder of the tables.
            right: Without the bug.
        """
        bug, top = self.lesson.declared.bug, self.lesson.folder / PROJECT
        files = {}
        for file in sorted(top.rglob("*")):
            name = file.relative_to(top).as_posix()
            if file.suffix not in {".py", ".yaml"}:
                continue
            text = file.read_text(encoding="utf-8")
            if name == bug.file and not right:
                text = text.replace(bug.right, bug.wrong)
            files[name] = self.with_replacements(text)
        files[CONFIG] = Template(files[CONFIG]).substitute(data=_in_quotes(data))
        return files


def _in_quotes(text: str) -> str:
    """Returns a text as it stands between double quotes in a feature config, where a dollar begins a variable."""
    return json.dumps(text.replace("$", "$$"), ensure_ascii=False)[1:-1]


def load_lessons(folder: Path = FOLDER) -> list[Lesson]:
    """Returns all lessons, by number.

    Raises:
        ArgumentError: A lesson.yaml is wrong, or two lessons have one number.
    """
    lessons = sorted((load_lesson(file.parent) for file in folder.glob(f"*/{DECLARATION}")), key=_place)
    numbers = [lesson.number for lesson in lessons]
    if twice := next((number for number in numbers if numbers.count(number) > 1), None):
        names = ", ".join(lesson.folder.name for lesson in lessons if lesson.number == twice)
        raise ArgumentError(
            f"lesson {twice} is there twice: {names}", hint="give one another number, in its lesson.yaml"
        )
    return lessons


def _place(lesson: Lesson) -> tuple[int, str]:
    return lesson.number, lesson.folder.name


def load_lesson(folder: Path) -> Lesson:
    """Returns the lesson of a folder.

    Raises:
        ArgumentError: Its lesson.yaml is no such file, or its bug is not in the project as it says.
    """
    file = folder / DECLARATION
    try:
        found: Any = construct(compose(file.read_text(encoding="utf-8")))
        declared = Declaration.model_validate(found)
        text = (folder / PROJECT / declared.bug.file).read_text(encoding="utf-8")
    except (UnreadableYamlError, ValidationError, OSError, TypeError) as error:
        raise ArgumentError(f"{file}: {_problem(error)}", hint="CONTRIBUTING.md says what a lesson has") from error
    if text.count(declared.bug.right) != 1:
        raise ArgumentError(f"{file}: `bug.right` is not once in {declared.bug.file}")
    return Lesson(folder, declared)


def _problem(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    found = ((".".join(map(str, one["loc"])), one["msg"]) for one in error.errors(include_url=False))
    return "; ".join(f"`{name}`: {message}" for name, message in found)


def find_lesson(number: int, lessons: list[Lesson]) -> Lesson:
    """Returns the lesson of a number.

    Raises:
        ArgumentError: There is none.
    """
    for lesson in lessons:
        if lesson.number == number:
            return lesson
    known = ", ".join(str(lesson.number) for lesson in lessons)
    raise ArgumentError(f"there is no lesson {number}. Known: {known}.", hint="./sandbox learn")
