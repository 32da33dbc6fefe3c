"""The project of a lesson in the learner's home: written, looked at for changes, and removed."""

from __future__ import annotations

import shutil
from pathlib import Path

from spark_etl.code.files import IGNORE_FILE
from spark_etl.errors import ArgumentError
from spark_etl.learning.answer import Answer, write_answer
from spark_etl.learning.lesson import Assignment
from spark_etl.learning.pages import NOTEBOOK, notebook_of
from spark_etl.learning.planted import Planted

DATA, TICKET, MARK = "data", "ticket.md", ".lesson"
IGNORED = f"{DATA}/\n*.ipynb\n{TICKET}\nanswer.yaml\n"


def write_project(assignment: Assignment, folder: Path) -> None:
    """Writes project, data, ticket, notebook and an empty answer; what an earlier try has left there goes.

    Raises:
        ArgumentError: Something of the learner's own is there, or the folder can't be written.
    """
    if folder.exists() and not (folder / MARK).is_file():
        raise ArgumentError(f"{folder} is there, and no lesson", hint=f"move it away: mv {folder} {folder}-mine")
    try:
        remove_project(folder)
        folder.mkdir(parents=True)
        (folder / MARK).write_text(f"{assignment.lesson.number}\n", encoding="utf-8")
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


def write_tables(planted: Planted, folder: Path) -> None:
    """Writes the tables of a lesson, a folder each."""
    from pyarrow import parquet

    for name, rows in planted.tables.items():
        (folder / name).mkdir(parents=True)
        parquet.write_table(rows, folder / name / "part-0.parquet")


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
