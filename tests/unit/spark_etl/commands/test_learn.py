"""`spark-etl learn` as far as it needs no Spark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spark_etl import cli
from spark_etl.learning import desk
from spark_etl.learning.finding import CheckVerdict
from spark_etl.learning.lesson import Assignment
from spark_etl.learning.progress import load_progress


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home; lessons are run without Spark, and keep nothing."""

    def run_lesson(assignment: Assignment, folder: Path, scratch: str, say: object) -> str:
        return f"{scratch}/learn/learn-{assignment.lesson.number}/20240229T101112Z-7f3a2c"

    monkeypatch.setattr(desk, "run_lesson", run_lesson)
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    return tmp_path


def learn(home: Path, *words: str) -> int:
    return cli.main(["learn", *words, "--home", str(home)])


def test_lessons_are_listed_with_how_far_they_are(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn(home) == 0
    assert "Revenue that is too high" in capsys.readouterr().out
    assert learn(home, "start", "1", "--json") == 0
    started = json.loads(capsys.readouterr().out)
    assert started["folder"] == str(home / "learn" / "1")
    assert (home / "learn" / "1" / "features" / "pricing.py").is_file()
    assert "Ticket" in started["ticket"]
    assert learn(home, "hint") == 0
    assert "lesson 1, hint 1 of 4" in capsys.readouterr().out
    assert learn(home, "list", "--json") == 0
    row, other, *_ = json.loads(capsys.readouterr().out)["lessons"]
    assert (row["state"], row["hints"]) == ("started", 1)
    assert (row["run"], row["ticket"]) == (started["run"], started["ticket"])
    assert (other["run"], other["ticket"]) == ("", "")


def test_hints_come_one_at_a_time_and_the_last_one_stays(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    learn(home, "start", "2")
    capsys.readouterr()
    shown = []
    for _ in range(6):
        assert learn(home, "hint", "2", "--json") == 0
        shown.append(json.loads(capsys.readouterr().out)["place"])
    assert shown == [1, 2, 3, 4, 4, 4]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["start"], "which lesson"),
        (["start", "99"], "there is no lesson 99. Known: 1"),
        (["start", "one"], "invalid int value: 'one'"),
        (["strt", "1"], "invalid choice: 'strt'"),
        (["hint"], "no lesson was started"),
        (["check", "1"], "lesson 1 was not started"),
        (["reset", "1"], "without a terminal, nothing is deleted without --yes"),
    ],
)
def test_wrong_usage_is_refused(home: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert learn(home, *words) == 2
    assert message in capsys.readouterr().err
    assert not (home / "learn" / "1").exists()


def test_what_is_the_learners_own_is_never_written_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "learn" / "1").mkdir(parents=True)
    (home / "learn" / "1" / "mine.txt").write_text("mine")
    assert learn(home, "start", "1") == 2
    assert "is there, and no lesson" in capsys.readouterr().err
    assert learn(home, "reset", "1", "--yes") == 0
    assert (home / "learn" / "1" / "mine.txt").read_text() == "mine"


def test_a_project_that_was_changed_is_kept_where_the_record_of_it_is_lost(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learn(home, "start", "1")
    record, code = home / "learn" / "progress.json", home / "learn" / "1" / "features" / "pricing.py"
    record.unlink()
    learn(home, "start", "1")
    assert not (home / "learn" / "1-before").exists(), "nothing was changed in it"
    for name in ("1-before", "1-before-2"):
        code.write_text("# an hour of work\n")
        record.write_text("{garbage")
        assert learn(home, "start", "1") == 2
        assert "Your changed projects are kept" in capsys.readouterr().err
        record.unlink()
        assert learn(home, "start", "1") == 0
        assert f"kept:      {home / 'learn' / name}, " in capsys.readouterr().out
        assert (home / "learn" / name / "features" / "pricing.py").read_text() == "# an hour of work\n"
        assert "an hour" not in code.read_text()


def test_a_check_that_ends_while_another_lesson_is_started_is_not_lost(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(home, "start", "1")
    verdict = CheckVerdict(1, "x", right=["feature", "rows", "fix"])

    def run_lesson(assignment: Assignment, folder: Path, scratch: str, say: object) -> str:
        desk.Desk(home)._record(1, verdict)
        return f"{scratch}/learn/learn-2/20240229T101112Z-7f3a2c"

    monkeypatch.setattr(desk, "run_lesson", run_lesson)
    learn(home, "start", "2")
    lessons = load_progress(home / "learn").lessons
    assert lessons.keys() == {1, 2}
    assert (lessons[1].state, lessons[1].checks) == ("solved", 1)


def test_a_reset_removes_the_project_and_the_next_seed_is_another(home: Path) -> None:
    learn(home, "start", "1")
    learn(home, "start", "3", "--seed", "5")
    before = load_progress(home / "learn").lessons
    assert before[3].seed == 5
    assert learn(home, "reset", "1", "--yes") == 0
    assert not (home / "learn" / "1").exists()
    assert load_progress(home / "learn").lessons.keys() == {3}
    learn(home, "start", "1")
    assert load_progress(home / "learn").lessons[1].seed != before[1].seed


def test_a_folder_that_is_gone_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    learn(home, "start", "1")
    (home / "learn" / "1").rename(home / "elsewhere")
    assert learn(home, "start", "1") == 2
    assert "is not there any more" in capsys.readouterr().err
    assert learn(home, "hint") == 2
    assert "./sandbox learn reset 1" in capsys.readouterr().err


def test_runs_lie_in_the_users_own_prefix_on_a_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert desk.own_scratch(tmp_path) == f"{tmp_path}/.spark-etl/scratch"
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    monkeypatch.setenv("SANDBOX_SCRATCH", "s3a://scratch/")
    assert desk.own_scratch(tmp_path) == "s3a://scratch/users/ada"
