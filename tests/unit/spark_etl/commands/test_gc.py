"""`spark-etl gc` over a folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from spark_etl import cli
from spark_etl.store import StoredRun

from tests.support.histories import History, path_of


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SANDBOX_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    return History(tmp_path / "scratch")


@pytest.fixture
def old(history: History) -> StoredRun:
    return history.run(30, status="failed")


def test_it_refuses_without_a_terminal_and_deletes_with_yes(old: StoredRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["gc", "--keep-last", "0"]) == 2
    shown = capsys.readouterr()
    assert "nothing is deleted without --yes" in shown.err
    assert old.run_id in shown.out
    assert cli.main(["gc", "--keep-last", "0", "--dry-run"]) == 0
    assert old.exists()
    assert cli.main(["gc", "--keep-last", "0", "--yes"]) == 0
    assert "deleted 1 run and 0 leftovers" in capsys.readouterr().err
    assert not path_of(old.root).exists()


@pytest.mark.parametrize(("text", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_a_terminal_is_asked(old: StoredRun, monkeypatch: pytest.MonkeyPatch, text: str, code: int) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdin, "readline", lambda: text, raising=False)
    assert cli.main(["gc", "--keep-last", "0"]) == code
    assert old.exists() is (code == 1)


def test_the_json_is_one_line(old: StoredRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["gc", "--keep-last", "0", "--json", "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["result"] is None
    assert cli.main(["gc", "--keep-last", "0", "--json", "--yes"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["result"]["runs"] == [old.run_id]


def test_json_asks_nothing_on_a_terminal_either(
    old: StoredRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdin, "readline", lambda: pytest.fail("it was asked"), raising=False)
    assert cli.main(["gc", "--keep-last", "0", "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "with --json, nothing is deleted without --yes" in shown.err
    assert "--dry-run" in shown.err
    assert old.exists()


@pytest.mark.parametrize("arguments", [["--keep-last", "x"], ["--keep-last", "-1"], ["--older-than", "soon"]])
def test_wrong_usage_is_2(history: History, arguments: list[str]) -> None:
    assert cli.main(["gc", *arguments]) == 2
