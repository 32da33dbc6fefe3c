"""The project of a lesson in the learner's home: written, looked at for changes, and removed."""

from __future__ import annotations

import shutil
from itertools import chain, count
from pathlib import Path

from spark_etl.code.files import IGNORE_FILE
from spark_etl.errors import ArgumentError
from spark_etl.learning.answer import FILE as ANSWER
from spark_etl.learning.answer import Answer, text_of, write_answer
from spark_etl.learning.lesson import Assignment, Lesson
from spark_etl.learning.pages import NOTEBOOK, notebook_of
from spark_etl.learning.planted import Planted

DATA, TICKET, MARK = "data", "ticket.md", ".lesson"
LARGEST_TICKET = 16 * 1024  # bytes; ours have less than one KiB
IGNORED = f"{DATA}/\n*.ipynb\n{TICKET}\nanswer.yaml\n"


def write_project(assignment: Assignment, folder: Path) -> None:
    """Writes project, data, ticket, notebook and an empty answer; a lesson that is there goes: see `move_aside`.

    Raises:
        ArgumentError: Something of the learner's own is there, or the folder can't be written.
    """
    if folder.exists() and not (folder / MARK).is_file():
        raise ArgumentError(f"{folder} is there, and no lesson", hint=f"move it away: mv {folder} {folder}-mine")
    try:
        remove_project(folder)
        folder.mkdir(parents=True)
        (folder / MARK).write_text(f"{assignment.lesson.number}\n{assignment.seed}\n", encoding="utf-8")
        write_tables(assignment.planted, folder / DATA)
        for name, text in assignment.project(str(folder / DATA)).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        (folder / IGNORE_FILE).write_text(IGNORED, encoding="utf-8")
        (folder / TICKET).write_text(assignment.text(TICKET), encoding="utf-8")
        (folder / NOTEBOOK).write_text(notebook_of(assignment), encoding="utf-8")
        write_answer(folder, Answer())
    except OSError as error:
        raise ArgumentError(
            f"{folder} can't be written: {error.strerror}", hint=f"make room there: df -h {folder}"
        ) from error


def read_ticket(folder: Path) -> str:
    """Returns the ticket of a project; empty if it is gone, or larger than any ticket is."""
    file = folder / TICKET
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as opened:
            content = opened.read(LARGEST_TICKET + 1)
    except OSError:
        return ""
    return content.decode("utf-8", errors="replace") if len(content) <= LARGEST_TICKET else ""


def write_tables(planted: Planted, folder: Path) -> None:
    """Writes the tables of a lesson, a folder each."""
    from pyarrow import parquet

    for name, rows in planted.tables.items():
        (folder / name).mkdir(parents=True)
        parquet.write_table(rows, folder / name / "part-0.parquet")


def move_aside(lesson: Lesson, folder: Path) -> str:
    """Moves a project of a lesson away if something in it is the learner's, and returns where it is; else empty.

    Raises:
        ArgumentError: It can't be moved.
    """
    if not (folder / MARK).is_file() or _is_untouched(lesson, folder):
        return ""
    names = chain([f"{folder.name}-before"], (f"{folder.name}-before-{number}" for number in count(2)))
    target = next(found for found in map(folder.with_name, names) if not found.exists())
    try:
        return str(folder.rename(target))
    except OSError as error:
        raise ArgumentError(
            f"{folder} can't be moved to {target}: {error.strerror}", hint=f"mv {folder} {folder}-mine"
        ) from error


def _is_untouched(lesson: Lesson, folder: Path) -> bool:
    """Returns whether a project is as it was written; one that does not say of which seed it is, is not."""
    _, _, seed = _text(folder / MARK).strip().partition("\n")
    if not seed.isdecimal():
        return False
    assignment = lesson.for_seed(int(seed))
    written = {*assignment.project(""), TICKET, NOTEBOOK, ANSWER}
    files = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    own = {file.as_posix() for file in files if not _is_made(file)} - written
    is_same = _text(folder / NOTEBOOK) == notebook_of(assignment) and _text(folder / ANSWER) == text_of(Answer())
    return not own and is_same and not changed_files(assignment, folder)


def _is_made(file: Path) -> bool:
    """Returns whether a file of a project is none that somebody writes."""
    return file.parts[0] == DATA or any(part.startswith(".") or part == "__pycache__" for part in file.parts)


def remove_project(folder: Path) -> None:
    """Removes the folder of a lesson, if there is one, and nothing else."""
    if (folder / MARK).is_file():
        shutil.rmtree(folder)


def changed_files(assignment: Assignment, folder: Path) -> list[str]:
    """Returns the files of the project that are others than the lesson came with, or gone.

    Files beside them have no part in it: a fix that is in one of those is imported by one of these.
    """
    known = assignment.project(str(folder / DATA))
    return [name for name, text in known.items() if _text(folder / name) != text]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
