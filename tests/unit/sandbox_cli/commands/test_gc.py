"""`sandbox gc` and `sandbox runs rm` over a folder of runs, without a stack."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from spark_etl.reading import Runs
from spark_etl.store import StoredRun

from sandbox_cli.app import run_command
from sandbox_cli.commands import gc, removing
from sandbox_cli.console import Console
from tests.support.histories import History, path_of


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SANDBOX_STACK", raising=False)
    made = History(tmp_path / "scratch")
    found = SimpleNamespace(runs=Runs(made.store.scratch, every_user=True))
    for command in (gc, removing):
        monkeypatch.setattr(command.session, "running", lambda *_: found)
    return made


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sandbox" / "gc-plan.json"


@pytest.fixture
def old(history: History) -> StoredRun:
    """A failed run of a month ago, with three newer ones and a success of today."""
    run = history.run(30, status="failed")
    for days in (3.1, 2.1, 1.1):
        history.run(days, status="failed")
    return run


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    """Has a terminal that gives this answer; returns what it is asked."""
    asked: list[str] = []
    monkeypatch.setattr(Console, "ask", lambda _self, question: (asked.append(question), text == "y")[1])
    monkeypatch.setattr(Console, "__init__", plain(Console.__init__))
    return asked


def plain(init):
    def with_terminal(self: Console, **options: object) -> None:
        init(self, **options)
        self.plain = False

    return with_terminal


def test_a_dry_run_shows_the_totals_first_then_each_run_and_stops(
    history: History, old: StoredRun, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["gc", "--dry-run"]) == 0
    shown = capsys.readouterr()
    size = sum(map(len, history.files(old).values())) / 1000
    assert f"1 run of {size:.1f} kB goes, 3 of " in shown.err
    assert f"the whole plan: {plan_file}" in shown.err
    head, first, *others = shown.out.splitlines()
    assert head.split() == ["run", "age", "size", "plan", "why"]
    assert first.startswith(old.run_id)
    assert first.endswith("goes   old enough, and nothing needs it")
    assert [line.split()[1] for line in others] == ["26h", "2d", "3d"]
    assert all("among the newest of its pipeline" in line for line in others)
    assert old.exists()
    assert len(json.loads(plan_file.read_text())["runs"]) == 4


def test_without_a_terminal_nothing_is_deleted_without_yes(old: StoredRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["gc", "--keep-last", "1"]) == 2
    assert "sandbox gc --older-than 14d --keep-last 1 --yes" in capsys.readouterr().err
    assert old.exists()
    assert run_command(["gc", "--keep-last", "1", "--yes"]) == 0
    assert "deleted 1 run and 0 leftovers" in capsys.readouterr().err
    assert not path_of(old.root).exists()


@pytest.mark.parametrize(("text", "code"), [("y", 0), ("n", 1)])
def test_a_terminal_is_asked(old: StoredRun, monkeypatch: pytest.MonkeyPatch, text: str, code: int) -> None:
    asked = answer(monkeypatch, text)
    assert run_command(["gc"]) == code
    assert asked == ["Delete these runs? This can't be undone."]
    assert old.exists() is (text == "n")
    run_command(["gc", "--yes"])
    assert len(asked) == 1


def test_json_asks_nothing_on_a_terminal_either(
    old: StoredRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answer(monkeypatch, "y")
    for command in (["gc"], ["runs", "rm", old.run_id]):
        assert run_command([*command, "--json"]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "With --json, nothing is deleted without --yes." in shown.err
        assert "--yes --json" in shown.err
    assert asked == []
    assert old.exists()
    assert run_command(["gc", "--json", "--yes"]) == 0


def test_the_next_command_is_said(
    old: StoredRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["gc", "--dry-run"]) == 0
    assert "next: sandbox gc --older-than 14d --keep-last 3\n" in capsys.readouterr().err
    answer(monkeypatch, "n")
    assert run_command(["gc"]) == 1
    assert "nothing was deleted; next: sandbox gc --older-than 14d --keep-last 3 --dry-run" in capsys.readouterr().err


def test_nothing_to_do_asks_nothing(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    history.run(30)
    assert run_command(["gc"]) == 0
    assert "0 runs of 0 B go, 1 of" in capsys.readouterr().err


def test_what_was_shown_is_executed_and_no_other_plan(
    old: StoredRun, monkeypatch: pytest.MonkeyPatch, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another `gc` may store its plan while this one asks."""

    def store_another(_self: Console, _question: str) -> bool:
        content = json.loads(plan_file.read_text())
        plan_file.write_text(json.dumps(content | {"runs": []}))
        return True

    answer(monkeypatch, "y")
    monkeypatch.setattr(Console, "ask", store_another)
    assert run_command(["gc"]) == 2
    assert "was replaced by the plan of another" in capsys.readouterr().err
    assert old.exists()


def test_the_json_has_the_plan_and_what_was_done(old: StoredRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["gc", "--json", "--dry-run"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["result"] is None
    assert [(run["name"], run["reason"]) for run in found["plan"]["runs"] if run["goes"]] == [(old.run_id, "old")]
    assert run_command(["gc", "--json", "--yes"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["result"]["runs"] == [old.run_id]
    assert found["result"]["skipped"] == {}


@pytest.mark.parametrize("arguments", [["--older-than", "14"], ["--keep-last", "-1"], ["--keep-last", "x"]])
def test_wrong_usage_is_2_before_anything_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], history: History
) -> None:
    monkeypatch.setattr(gc.session, "running", lambda *_: pytest.fail("the stack was asked"))
    assert run_command(["gc", *arguments]) == 2


def test_of_very_many_runs_the_newest_are_shown(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(54):
        history.run(60 - number, status="failed")
    assert run_command(["gc", "--dry-run", "--older-than", "0d", "--keep-last", "0"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert len(rows) == 51
    assert rows[-1].split() == ["and", "4", "more", "goes"]


class TestRemove:
    def test_named_runs_go(self, history: History, old: StoredRun, capsys: pytest.CaptureFixture[str]) -> None:
        newest = history.run(0.1)
        assert run_command(["runs", "rm", "latest", old.run_id]) == 2
        assert f"sandbox runs rm latest {old.run_id} --yes" in capsys.readouterr().err
        assert run_command(["runs", "rm", "latest", old.run_id, "--dry-run"]) == 0
        assert "2 runs of" in capsys.readouterr().err
        assert newest.exists()
        assert run_command(["runs", "rm", "latest", old.run_id, "--yes"]) == 0
        assert not path_of(newest.root).exists()
        assert not path_of(old.root).exists()

    @pytest.mark.parametrize(
        ("keeper", "why", "hint"),
        [
            ("running", "it is running", "sandbox runs stop {run}"),
            ("pinned", "pinned by ada/late_", "sandbox unshare ada/late_"),
            ("reused", "reused by run {other}", "sandbox runs rm {run} {other}"),
            ("replayed", "run {other} replays it", "sandbox runs rm {run} {other}"),
        ],
    )
    def test_one_that_is_needed_stays_and_so_do_the_others(
        self, history: History, old: StoredRun, capsys: pytest.CaptureFixture[str], keeper: str, why: str, hint: str
    ) -> None:
        run = history.run(10, status="running" if keeper == "running" else "failed")
        other = history.run(
            9, reuses=run if keeper == "reused" else None, replays=run if keeper == "replayed" else None
        )
        if keeper == "pinned":
            history.pin(run)
        assert run_command(["runs", "rm", run.run_id, old.run_id, "--yes"]) == 1
        shown = capsys.readouterr().err
        assert f"Nothing is deleted. run {run.run_id} stays: {why.format(other=other.run_id)}" in shown
        assert hint.format(run=run.run_id, other=other.run_id) in shown
        assert run.exists()
        assert old.exists()

    def test_one_that_is_needed_goes_with_what_needs_it(self, history: History) -> None:
        run = history.run(10)
        other = history.run(9, pipeline="users/ada/shop", replays=run)
        name = f"users/ada/shop/{other.run_id}"
        assert run_command(["runs", "rm", run.run_id, name, "--yes"]) == 0
        assert not path_of(run.root).exists()
        assert not path_of(other.root).exists()

    def test_no_such_run_is_1(self, history: History, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_command(["runs", "rm", "20240101", "--yes"]) == 1
        assert "no such run" in capsys.readouterr().err

    def test_one_that_changes_meanwhile_is_said(
        self, old: StoredRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def change(_self: Console, _question: str) -> bool:
            file = path_of(old.document_path)
            file.write_text(file.read_text() + "\n")
            return True

        answer(monkeypatch, "y")
        monkeypatch.setattr(Console, "ask", change)
        assert run_command(["runs", "rm", old.run_id]) == 1
        assert f"left {old.run_id}: its run.json has changed" in capsys.readouterr().err
