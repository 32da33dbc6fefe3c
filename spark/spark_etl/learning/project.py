"""The project of a lesson in the learner's home: written, looked at for changes, and removed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from spark_etl.code.files import IGNORE_FILE
from spark_etl.errors import ArgumentError
from spark_etl.learning.answer import Answer, write_answer
from spark_etl.learning.lesson import Assignment
from spark_etl.learning.pages import NOTEBOOK, notebook_of

DATA, TICKET, MARK = "data", "ticket.md", ".lesson"
IGNORED = f"{DATA}/\n*.ipynb\n{TICKET}\nanswer.yaml\n"
NUMBER = re.compile(r"\b\d{5,}\b")


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
        _write_tables(assignment, folder / DATA)
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


def _write_tables(assignment: Assignment, folder: Path) -> None:
    from pyarrow import parquet

    for name, rows in assignment.planted.tables.items():
        (folder / name).mkdir(parents=True)
        parquet.write_table(rows, folder / name / "part-0.parquet")


def remove_project(folder: Path) -> None:
    """Removes the folder of a lesson, if there is one, and nothing else."""
    if (folder / MARK).is_file():
        shutil.rmtree(folder)


def changed_files(assignment: Assignment, folder: Path) -> dict[str, str]:
    """Returns the files of the project that are others than the lesson came with: path → text, empty if it is gone."""
    known = assignment.project(str(folder / DATA))
    found = {name: _text(folder / name) for name in known}
    for file in folder.rglob("*.py"):
        found.setdefault(file.relative_to(folder).as_posix(), _text(file))
    return {name: text for name, text in found.items() if text != known.get(name)}


def named_keys(assignment: Assignment, folder: Path) -> list[str]:
    """Returns the keys of the rows in question that the changed code has as numbers in it."""
    known = "\n".join(assignment.project(str(folder / DATA)).values())
    written = set(NUMBER.findall("\n".join(changed_files(assignment, folder).values()).replace("_", "")))
    keys = {str(key) for key in assignment.planted.keys}
    return sorted(written & keys - set(NUMBER.findall(known)))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
