"""How far a learner is, in a file: written as a whole, and refused where it can't be read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.learning.progress import (
    FILE,
    LearnerProgress,
    LessonProgress,
    changed_progress,
    load_progress,
    store_progress,
)


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert load_progress(tmp_path / "nothing") == LearnerProgress()
    known = LearnerProgress(
        {2: LessonProgress(7, "file:///runs/a", hints=1, checks=3, started="now", solved="then")}, 2
    )
    store_progress(tmp_path, known)
    assert load_progress(tmp_path) == known
    assert known.lessons[2].state == "solved"
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_what_a_later_version_adds_is_passed_over(tmp_path: Path) -> None:
    lesson = '{"seed": 1, "run": "x", "stars": 5}'
    (tmp_path / FILE).write_text(f'{{"version": 1, "current": null, "lessons": {{"1": {lesson}}}}}')
    assert load_progress(tmp_path).lessons == {1: LessonProgress(1, "x")}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"version": 1}',
        '{"version": 1, "current": null, "lessons": {"1": {"seed": "x", "run": 1}}}',
        '{"version": 1, "current": null, "lessons": {"1": {"seed": true, "run": "x"}}}',
        '{"version": 1, "current": null, "lessons": {"1": {"seed": 1, "run": "x", "hints": "x"}}}',
        '{"version": 1, "current": null, "lessons": {"1": {"seed": 1, "run": "x", "hints": -9}}}',
        '{"version": 1, "current": null, "lessons": {"1": {"seed": 1, "run": "x", "hints": 1.5}}}',
        '{"version": 1, "current": null, "lessons": {"1": {"seed": 1, "run": "x", "checks": null}}}',
        '{"version": 1, "current": null, "lessons": {"1": {"seed": 1, "run": "x", "solved": 5}}}',
        '{"version": 1, "current": -1, "lessons": {}}',
        '{"version": 1, "current": null, "lessons": {"x": {"seed": 1, "run": "x"}}}',
    ],
)
def test_a_file_that_is_none_is_refused_with_a_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ArgumentError, match=r"progress\.json can't be read: ") as caught:
        load_progress(tmp_path)
    assert str(caught.value.hint).startswith("move it away (mv ")
    (tmp_path / FILE).write_text('{"version": 2, "current": null, "lessons": {}}')
    with pytest.raises(ArgumentError, match="by a later version"):
        load_progress(tmp_path)


def test_what_others_write_meanwhile_stays(tmp_path: Path) -> None:
    with changed_progress(tmp_path) as progress:
        progress.lessons[1] = LessonProgress(7, "x")

    def solve() -> None:
        with changed_progress(tmp_path) as progress:
            progress.lessons[1].solved = "now"

    with changed_progress(tmp_path) as progress:
        other = threading.Thread(target=solve)
        other.start()
        other.join(0.2)
        assert other.is_alive(), "it waits"
        progress.lessons[2] = LessonProgress(8, "y")
    other.join()
    assert load_progress(tmp_path).lessons == {1: LessonProgress(7, "x", solved="now"), 2: LessonProgress(8, "y")}
