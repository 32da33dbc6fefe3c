"""`sandbox learn`: what is asked in a user's server, what is printed, and lessons in a folder."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from spark_etl.learning import desk

from sandbox_cli.app import run_command
from sandbox_cli.commands import learn as command
from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub import learning
from tests.unit.sandbox_cli.stack.hub.test_debugging import stack

ROW = {"number": 1, "title": "Revenue", "state": "started", "hints": 1, "hints_of": 4, "checks": 2}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """Ada's server, which answers; returns what it is asked."""
    asked: list[Any] = []

    def act(_session: Any, _stage: Any, user: str, action: str, lesson: int | None, **given: Any) -> dict[str, Any]:
        asked.append((user, action, lesson, {name: text for name, text in given.items() if text}))
        link = {"link": "http://127.0.0.1/lab"} if action == "start" else {}
        return {"lines": [f"lesson {lesson}", "  said"], "solved": given.get("rows") == "right", **link}

    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(command.session, "running", lambda *_: None if asked is None else object())
    monkeypatch.setattr(command.users, "resolve_user", lambda _, user: user or "engineer")
    monkeypatch.setattr(command.learning, "act", act)
    monkeypatch.setattr(command.learning, "list_lessons", lambda *_: [ROW])
    return asked


def test_what_is_said_is_data_and_the_link_is_the_last_line(server: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["learn"]) == 0
    assert "Revenue" in capsys.readouterr().out
    assert run_command(["learn", "start", "1", "--user", "ada"]) == 0
    assert capsys.readouterr().out == "lesson 1\n  said\nhttp://127.0.0.1/lab\n"
    assert run_command(["learn", "hint"]) == 0
    assert run_command(["learn", "reset", "2", "--yes"]) == 0
    assert server == [("ada", "start", 1, {}), ("engineer", "hint", None, {}), ("engineer", "reset", 2, {})]


def test_the_exit_code_of_a_check_is_the_answer(server: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["learn", "check", "--feature", "net", "--rows", "wrong"]) == 1
    assert run_command(["learn", "check", "1", "--rows", "right", "--of", "orders", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.partition("{")[2].join(["{", ""]))["solved"] is True
    assert server[0] == ("engineer", "check", None, {"feature": "net", "rows": "wrong"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reset", "1", "--user", "ada"], "sandbox learn reset 1 --user ada --yes"),
        (["reset", "1", "--json"], "With --json, nothing is deleted without --yes"),
        (["start"], "Missing argument"),
        (["start", "0"], "Invalid value for 'N'"),
        (["list", "--home", "/tmp"], "--home belongs to --local"),
        (["list", "--local", "--user", "ada"], "--local takes no --user"),
        (["--local", "start", "1"], "Options of `learn` come after the verb `start`"),
        (["--local", "--user", "ada"], "--local takes no --user"),
    ],
)
def test_wrong_usage_is_refused(
    server: Any, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert run_command(["learn", *words]) == 2
    assert message in capsys.readouterr().err
    assert server == []


def test_local_lessons_need_a_spark_here(
    server: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda _: None)
    assert run_command(["learn", "list", "--local"]) == 2
    shown = capsys.readouterr().err
    assert "--local needs pyspark" in shown
    assert "pip install -e " in shown
    assert "[pytest]" in shown
    assert "python -m spark_etl learn" in shown
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(desk, "run_lesson", lambda *_: "file:///runs/learn/learn-1/20240229T101112Z-7f3a2c")
    here = ["--local", "--home", str(tmp_path)]
    assert run_command(["learn", "start", "1", *here]) == 0
    assert "Ticket" in capsys.readouterr().out
    assert run_command(["learn", "hint", *here, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["place"] == 1
    assert run_command(["learn", "reset", "1", "--yes", *here]) == 0
    assert run_command(["learn", "check", *here]) == 2
    assert "no lesson was started" in capsys.readouterr().err
    assert server == []


@contextmanager
def stage() -> Any:
    with Console(plain=True).stage("learn") as shown:
        yield shown


def test_the_server_is_asked_by_its_address() -> None:
    found, requests = stack(200, {"lines": ["x"], "path": "learn/1/lesson.ipynb"})
    with stage() as shown:
        made = learning.act(found, shown, "ada", "check", None, feature="net", rows=None)
    assert made["link"] == "http://127.0.0.1:8000/user/ada/lab/tree/learn/1/lesson.ipynb"
    (asked,) = [request for request in requests if request.url.path == "/user/ada/sandbox/learn/api"]
    assert json.loads(asked.content) == {"action": "check", "lesson": None, "feature": "net"}
    assert asked.extensions["timeout"]["read"] == 330, "the server gives its command five minutes"
    found, requests = stack(200, {"lessons": [ROW]})
    with stage() as shown:
        assert learning.list_lessons(found, shown, "ada") == [ROW]
    assert [request.method for request in requests if "sandbox" in request.url.path] == ["GET"]


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (200, {"lines": "x"}, "does not answer as lessons do"),
        (200, {}, "does not answer as lessons do"),
        (404, "<html>", "which has no `learn`"),
    ],
)
def test_a_server_that_is_another_one_is_an_error_of_the_stack(status: int, content: Any, message: str) -> None:
    found, _ = stack(status, content)
    with stage() as shown, pytest.raises(StackError, match=message):
        learning.act(found, shown, "ada", "hint", None)


@pytest.mark.parametrize("path", ["../x.ipynb", "/x.ipynb", "x", None])
def test_a_path_that_leads_elsewhere_gets_no_link(path: Any) -> None:
    found, _ = stack(200, {"lines": [], "path": path})
    with stage() as shown:
        assert "link" not in learning.act(found, shown, "ada", "start", 1)
