"""Every lesson in every variant: it can be written, its bug is planted, and its texts are whole."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import duckdb
import nbformat
import pytest
import yaml
from spark_etl.errors import ArgumentError
from spark_etl.learning.judge import KINDS, judge_rows
from spark_etl.learning.lesson import FOLDER, Assignment, find_lesson, load_lesson, load_lessons
from spark_etl.learning.pages import notebook_of

SEEDS = 40


def assignments() -> Iterator[Assignment]:
    """Yields each lesson in each of its variants."""
    for lesson in load_lessons():
        found: dict[str, Assignment] = {}
        for seed in range(SEEDS):
            given = lesson.for_seed(seed)
            found.setdefault(json.dumps(given.replacements), given)
        assert len(found) == len(lesson.declared.variants), "chance finds every variant"
        yield from found.values()


@pytest.fixture(params=assignments(), ids=lambda given: f"{given.lesson.folder.name}-{given.seed}")
def given(request: pytest.FixtureRequest) -> Assignment:
    return request.param  # type: ignore[no-any-return]


def test_the_project_has_the_bug_and_is_right_without_it(given: Assignment) -> None:
    wrong, right = given.project("/data"), given.project("/data", right=True)
    changed = [name for name in wrong if wrong[name] != right[name]]
    assert changed == [given.lesson.declared.bug.file]
    for files in (wrong, right):
        for name, text in files.items():
            assert text == given.with_replacements(text) or given.replacements, name
            if name.endswith(".py"):
                ast.parse(text)
    features = yaml.safe_load(wrong["feature_config.yaml"])["features"]
    assert {given.feature, given.frame, *given.planted.tables} <= features.keys()
    assert features[next(iter(given.planted.tables))]["params"] == {"folder": "/data"}


def test_the_texts_are_whole(given: Assignment) -> None:
    texts = [given.text("ticket.md"), given.text("after.md"), *given.hints]
    assert all(texts)
    assert not [text for text in texts if "$" in text]
    assert f"`{given.solution}`" in "\n".join(given.hints)
    assert given.feature not in given.hints[0], "the first hint is a nudge"
    assert given.lesson.declared.reasons.keys() <= set(KINDS)
    notebook = nbformat.reads(notebook_of(given), as_version=4)
    nbformat.validate(notebook)
    assert given.solution not in str(notebook), "it gives nothing away"


def test_the_same_seed_gives_the_same_rows_and_another_gives_others(given: Assignment) -> None:
    again, other = given.lesson.for_seed(given.seed), given.lesson.for_seed(given.seed + 1000)
    assert (again.planted.keys, again.planted.right) == (given.planted.keys, given.planted.right)
    assert given.planted.keys != other.planted.keys


def test_what_is_right_has_every_row_that_the_bug_concerns(given: Assignment) -> None:
    planted = given.planted
    right = planted.right.column(given.key).to_pylist()
    assert planted.keys
    assert planted.keys <= set(right)
    assert len(set(right)) == len(right)
    assert len(planted.keys) < len(right) / 20, "they are few"
    assert judge_rows(given, planted.right) == []


def test_the_other_rows_are_few_and_of_other_days(given: Assignment) -> None:
    planted, other = given.planted, given.elsewhere
    assert other.tables.keys() == planted.tables.keys()
    assert other.right.schema == planted.right.schema
    assert sum(table.num_rows for table in other.tables.values()) < 1000
    assert not other.keys & planted.keys
    declared = given.lesson.declared
    assert declared.elsewhere.start_date > declared.end_date
    assert len(other.keys) > 1, "a fix that names one of them is wrong for the rest"


@pytest.mark.parametrize("seed", [4, 34, 48, 54])  # by chance alone they had none
def test_an_order_is_of_the_day_on_which_its_discount_changes(seed: int) -> None:
    given = find_lesson(1, load_lessons()).for_seed(seed)
    of = given.with_replacements("customer")
    for planted in (given.planted, given.elsewhere):
        changes = {
            (row[f"{of}_id"], row["valid_from"])
            for row in planted.tables[f"{of}s"].to_pylist()
            if row["valid_from"].year > 2023
        }
        orders = planted.tables["orders"].to_pylist()
        assert any((row[f"{of}_id"], row["ordered_on"]) in changes for row in orders)


def test_every_edge_of_a_month_is_among_the_other_rows() -> None:
    given = find_lesson(2, load_lessons()).for_seed(2)
    hours = timedelta(hours=int(given.with_replacements("'9 hours'").strip("'").partition(" ")[0]))
    moments = set(given.elsewhere.tables["sales"].column("sold_at").to_pylist())
    change = datetime.combine(given.lesson.declared.elsewhere.end_date.replace(day=1), time(), UTC)
    edges = {change, change - hours}
    assert edges | {edge - timedelta(seconds=1) for edge in edges} <= moments


def test_the_solution_finds_the_rows_of_a_table_and_none_of_a_feature_that_is_right(given: Assignment) -> None:
    this = given.planted.tables.get(given.frame, given.planted.right)
    with duckdb.connect() as connected:
        connected.register("this", this)
        query = f"select {given.key} from this where {given.solution}"  # noqa: S608 - the lesson's own
        found = connected.sql(query).fetchall()
    assert {key for (key,) in found} == (given.planted.keys if given.frame in given.planted.tables else set())


def test_a_lesson_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(FOLDER / "lost_nulls", folder)
    declared = folder / "lesson.yaml"
    text = declared.read_text()
    declared.write_text(text.replace("right: orders", "right: rders_"))
    with pytest.raises(ArgumentError, match=r"`bug.right` is not once in features/revenue.py"):
        load_lesson(folder)
    declared.write_text(text.replace("key: order_id", "kee: order_id"))
    with pytest.raises(ArgumentError, match=r"lesson.yaml: `key`: Field required; `kee`: Extra") as caught:
        load_lesson(folder)
    assert caught.value.hint == "CONTRIBUTING.md says what a lesson has"
    declared.write_text(text)
    shutil.copytree(folder, tmp_path / "twice")
    with pytest.raises(ArgumentError, match="lesson 3 is there twice: mine, twice"):
        load_lessons(tmp_path)


def test_an_unknown_number_is_refused_with_those_there_are() -> None:
    with pytest.raises(ArgumentError, match=r"there is no lesson 99\. Known: 1, 2, 3, 4"):
        find_lesson(99, load_lessons())
