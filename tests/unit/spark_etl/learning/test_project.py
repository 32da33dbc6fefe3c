"""The project in the learner's home: what was changed in it, and what of a change is no fix."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
import yaml
from pyarrow import parquet
from spark_etl.config import load_config
from spark_etl.learning.answer import Answer, read_answer
from spark_etl.learning.lesson import Assignment, find_lesson, load_lessons
from spark_etl.learning.project import LARGEST_TICKET, changed_files, read_ticket, remove_project, write_project


@pytest.fixture
def given() -> Assignment:
    return find_lesson(3, load_lessons()).for_seed(1)


@pytest.fixture
def folder(given: Assignment, tmp_path: Path) -> Path:
    folder = tmp_path / "learn" / "3"
    write_project(given, folder)
    return folder


def test_all_that_a_learner_needs_is_written(given: Assignment, folder: Path) -> None:
    features = yaml.safe_load((folder / "feature_config.yaml").read_text())["features"]
    data = Path(features["orders"]["params"]["folder"])
    assert parquet.read_table(data / "orders").num_rows == given.planted.tables["orders"].num_rows
    assert read_answer(folder) == Answer()
    assert (folder / "ticket.md").read_text().startswith("# Ticket")
    nbformat.validate(nbformat.read(folder / "lesson.ipynb", as_version=4))
    assert "data/" in (folder / ".sparketlignore").read_text()
    assert changed_files(given, folder) == []


def test_a_ticket_is_read_as_far_as_it_is_one(given: Assignment, folder: Path) -> None:
    file = folder / "ticket.md"
    assert read_ticket(folder) == given.text("ticket.md")
    file.write_bytes(b"\xff" * LARGEST_TICKET)
    assert read_ticket(folder) == "\ufffd" * LARGEST_TICKET
    file.write_bytes(b"x" * (LARGEST_TICKET + 1))
    assert read_ticket(folder) == ""
    file.unlink()
    assert read_ticket(folder) == ""
    os.mkfifo(file)
    assert read_ticket(folder) == "", "nobody writes to it, and nobody waits"


def test_what_was_changed_or_deleted_of_the_project_is_found(given: Assignment, folder: Path) -> None:
    (folder / "features" / "revenue.py").write_text("changed = 1\n")
    (folder / "features" / "tables.py").unlink()
    assert changed_files(given, folder) == ["features/revenue.py", "features/tables.py"]


def test_what_lies_beside_the_project_is_no_change(given: Assignment, folder: Path) -> None:
    (folder / "features" / ".ipynb_checkpoints").mkdir()
    (folder / "features" / ".ipynb_checkpoints" / "revenue-checkpoint.py").write_text("old = 1\n")
    (folder / "explore.py").write_text("mine = 1\n")
    assert changed_files(given, folder) == []


def test_only_a_lesson_is_removed(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    remove_project(mine)
    assert mine.is_dir()
    remove_project(folder)
    assert not folder.exists()
    remove_project(folder)


@pytest.mark.parametrize("name", ['a"b', "a'b", "a b", "a: b", "a #b", "a\\b", "${HOME}", "$$a", "a\nb", "ü", "{b}"])
def test_a_home_may_have_any_name(given: Assignment, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "3"
    write_project(given, folder)
    config = load_config(folder / "feature_config.yaml")
    assert config.features["orders"].params == {"folder": str(folder / "data")}
