"""`sandbox debug`: what is printed where, and how edits get into the project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.reading import Run, Runs
from spark_etl.store import ErrorRecord, RunStore

from sandbox_cli.app import run_command
from sandbox_cli.commands import applying
from sandbox_cli.commands import debug as command
from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub.debugging import DebugNotebook

LINK = "http://127.0.0.1:8000/user/engineer/lab/tree/debug/shop/R-net.ipynb"
PATCH = "diff --git a/net.py b/net.py\n--- a/net.py\n+++ b/net.py\n@@ -1 +1 @@\n-1 / 0\n+'sandbox up', 1\n"
NEW = "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+'\x1b[2J'\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SANDBOX_STACK", raising=False)


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Lets the server answer with a notebook; returns what it is asked."""

    def answers(**known: Any) -> list[Any]:
        asked: list[Any] = []
        notebook = DebugNotebook(
            "engineer", LINK, "debug/shop/R-net.ipynb", "new", "debug/shop/R-net", "R", "net", True
        )

        def open_notebook(_session: Any, _stage: Any, user: str, origin: Any, *, new: bool) -> DebugNotebook:
            asked.append((user, origin, new))
            return DebugNotebook(**{**notebook.to_dict(), **known})

        monkeypatch.setattr(command.session, "running", lambda *_: SimpleNamespace(runs=None))
        monkeypatch.setattr(command.users, "resolve_user", lambda _, user: user or "engineer")
        monkeypatch.setattr(command, "process_user", lambda: "me")
        monkeypatch.setattr(command.debugging, "find", lambda _, name, users: (name, users))
        monkeypatch.setattr(command.debugging, "open_notebook", open_notebook)
        return asked

    return answers


def test_the_link_is_data_and_the_rest_is_said(opens: Any, capsys: pytest.CaptureFixture[str]) -> None:
    asked = opens()
    assert run_command(["debug"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{LINK}\n"
    assert "~/debug/shop/R-net.ipynb, in the server of engineer" in err
    assert "[debug] done in" in err
    assert "there already" not in err
    assert run_command(["debug", "R/net", "--user", "ada", "--new", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["link"] == LINK
    assert asked == [("engineer", (None, {"me", "engineer"}), False), ("ada", ("R/net", {"me", "ada"}), True)]


@pytest.mark.parametrize(
    ("known", "lines"),
    [
        ({"state": "unchanged"}, ["  it was there already, and has not changed"]),
        (
            {"state": "edited"},
            ["  it was there already, with your edits; for a fresh one:", "    sandbox debug R/net --new"],
        ),
        ({"trusted": False}, ["    sandbox trust R", "    sandbox debug R/net --new"]),
    ],
)
def test_it_says_what_has_to_be_known_of_the_notebook(
    opens: Any, capsys: pytest.CaptureFixture[str], known: dict[str, Any], lines: list[str]
) -> None:
    opens(**known)
    assert run_command(["debug", "R"]) == 0
    shown = capsys.readouterr().err.splitlines()
    assert shown[-len(lines) :] == lines
    assert max(map(len, shown)) <= 80


def test_the_browser_is_opened_on_a_terminal_only(
    opens: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opens()
    seen: list[str] = []
    monkeypatch.setattr(command.webbrowser, "open", seen.append)
    assert run_command(["debug", "--open"]) == 0
    assert seen == []
    assert "not opened: --open needs a terminal" in capsys.readouterr().err
    monkeypatch.setattr(Console, "__init__", _as_on_a_terminal(Console.__init__))
    assert run_command(["debug", "--open"]) == 0
    assert seen == [LINK]


def _as_on_a_terminal(make: Any) -> Any:
    return lambda self: make(self, plain=False)


@pytest.mark.parametrize("line", [["R", "--apply", "x"], ["--apply", "x", "--new"], ["--apply", "x", "--open"]])
def test_two_things_at_once_are_refused(capsys: pytest.CaptureFixture[str], line: list[str]) -> None:
    assert run_command(["debug", *line]) == 2
    assert "--apply takes no run" in capsys.readouterr().err
    for option in (["--yes"], ["--project", "."]):
        assert run_command(["debug", "R", *option]) == 2
        assert "belong to --apply" in capsys.readouterr().err


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "net.py").write_text("1 / 0\n")
    return folder


@pytest.fixture
def failed(tmp_path: Path, project: Path) -> Run:
    """A failed run of the project."""
    record = RunStore(str(tmp_path / "scratch")).start("team", "shop", options={"project": str(project)})
    record.end("failed", ErrorRecord("broke", feature="net"))
    return Runs(str(tmp_path / "scratch"))[record.run.run_id]


@pytest.fixture
def edits(failed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server says was edited in each notebook, and what it was asked."""
    answer: dict[str, Any] = {"patch": PATCH, "left_out": ["cell 3: `orders.show()` only looks"], "run": failed.name}

    def fetch(_session: Any, _stage: Any, user: str, path: str) -> dict[str, Any]:
        answer["asked"] = (user, path)
        return answer

    links = {"hub": "http://127.0.0.1:8000/"}
    stack = SimpleNamespace(runs=Runs(str(tmp_path / "scratch")), links=lambda: links)
    monkeypatch.setattr(applying.session, "running", lambda *_: stack)
    monkeypatch.setattr(applying.users, "resolve_user", lambda _, user: user or "engineer")
    monkeypatch.setattr(applying.debugging, "fetch_patch", fetch)
    return answer


def test_edits_are_shown_and_put_into_the_project_of_the_run(
    edits: dict[str, Any], failed: Run, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edits["patch"] += NEW
    line = ["debug", "--apply", "http://127.0.0.1:8000/user/ada/lab/tree/debug/x.ipynb"]
    assert run_command(line) == 2
    out, err = capsys.readouterr()
    assert out == PATCH + NEW.replace("\x1b", "\\x1b"), "as it is, but for what a terminal obeys"
    assert f"in {project}:\n  net.py: +1 -1\n  new.py (new): +1 -0\n" in err
    assert "left out: cell 3: `orders.show()` only looks" in err
    assert "Without a terminal, nothing is applied without --yes." in err
    assert (project / "net.py").read_text() == "1 / 0\n"

    assert run_command([*line, "--yes"]) == 0
    assert capsys.readouterr().err.endswith(f"applied\nnext: sandbox run --resume {failed.name}\n")
    assert (project / "net.py").read_text() == "'sandbox up', 1\n"
    assert (project / "new.py").read_text() == "'\x1b[2J'\n"
    assert edits["asked"] == ("ada", "debug/x.ipynb")

    assert run_command([*line, "--yes", "--json"]) == 0
    shown = capsys.readouterr()
    known = json.loads(shown.out)
    assert (known["applied"], known["run"], known["project"]) == (False, failed.name, str(project))
    assert [file["path"] for file in known["files"]] == ["net.py", "new.py"]
    assert "the project has these lines already" in shown.err


@pytest.mark.parametrize(("answer", "code", "text"), [("y", 0, "'sandbox up', 1\n"), ("", 1, "1 / 0\n")])
def test_on_a_terminal_it_asks(
    edits: dict[str, Any], project: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, text: str
) -> None:
    asked: list[str] = []

    def ask(_console: Console, question: str) -> bool:
        asked.append(question)
        return answer == "y"

    monkeypatch.setattr(Console, "__init__", _as_on_a_terminal(Console.__init__))
    monkeypatch.setattr(Console, "ask", ask)
    assert run_command(["debug", "--apply", "debug/x.ipynb"]) == code
    assert asked == [f"Change 1 file in {project}?"]
    assert (project / "net.py").read_text() == text


def test_a_patch_of_this_machine_needs_no_stack_but_a_project(
    edits: dict[str, Any],
    failed: Run,
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, other = tmp_path / f"{failed.id}-net.patch", tmp_path / "other.patch"
    file.write_text(PATCH)
    other.write_text(PATCH.replace("1 / 0", "2 / 0"))
    assert run_command(["debug", "--apply", str(file), "--yes"]) == 0, "its name says of which run it is"
    assert f"next: sandbox run --resume {failed.name}" in capsys.readouterr().err

    def down(*_: object) -> None:
        raise StackError("the stack is not up")

    monkeypatch.setattr(applying.session, "running", down)
    (project / "net.py").write_text("1 / 0\n")
    assert run_command(["debug", "--apply", str(file), "--yes"]) == 4
    assert run_command(["debug", "--apply", str(file), "--yes", "--project", str(project)]) == 0
    assert (project / "net.py").read_text() == "'sandbox up', 1\n"
    (project / "net.py").write_text("1 / 0\n")
    capsys.readouterr()
    assert run_command(["debug", "--apply", str(other), "--yes"]) == 2
    assert "add --project DIR" in capsys.readouterr().err
    assert run_command(["debug", "--apply", str(other), "--yes", "--project", str(project)]) == 2
    shown = capsys.readouterr().err
    assert f"does not fit {project}: net.py has changed at line 1 since the run. Nothing was changed." in shown
    assert f"the patch is in {other};" in shown


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        ("", 1, "Nothing was edited in debug/x.ipynb."),
        (PATCH.replace("net.py", "../net.py"), 2, "`../net.py` leads out of the project"),
        (PATCH.replace("net.py", "/net.py"), 2, "`/net.py` is absolute"),
        (PATCH.replace("net.py", ".git/config"), 2, "`.git/config` is git's own"),
        (PATCH.replace("net.py", "link/net.py"), 2, "`link/net.py` lies behind a link"),
        (NEW.replace("100644", "120000"), 2, "only lines of plain files can be changed"),
    ],
)
def test_what_touches_anything_else_is_refused_before_git_sees_it(
    edits: dict[str, Any],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    patch: str,
    code: int,
    message: str,
) -> None:
    (project / "link").symlink_to(project)
    edits["patch"] = patch
    monkeypatch.setenv("PATH", "/nosuch")
    assert run_command(["debug", "--apply", "debug/x.ipynb", "--yes"]) == code
    assert message in capsys.readouterr().err


def test_a_page_of_another_user_is_refused(edits: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    page = "http://ada.localhost:8000/user/ada/lab/tree/debug/x.ipynb"
    assert run_command(["debug", "--apply", page, "--user", "bob"]) == 2
    assert "--user bob: the page is one of `ada`" in capsys.readouterr().err
