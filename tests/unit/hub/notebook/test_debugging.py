"""The debug notebook by the server's addresses: what the command is asked, and how its answers are passed on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_lab import debugging
from sandbox_lab.errors import RefusedError
from tornado import web

from tests.unit.hub.notebook.test_handlers import application, fetch, send

__all__ = ["application"]
RUN = "20240229T101112Z-7f3a2c"
NOTEBOOK = {
    "path": "debug/my shop/20240229T101112Z-7f3a2c-net.ipynb",
    "state": "new",
    "folder": "debug/my shop/20240229T101112Z-7f3a2c-net",
    "feature": "net",
    "run": RUN,
    "trusted": True,
}
# Stands in for `spark-etl debug`: it writes down how it was called, and does what a file says.
COMMAND = """
import json, pathlib, sys, time
home = pathlib.Path(sys.argv[sys.argv.index("--home") + 1])
(home / "asked.json").write_text(json.dumps(sys.argv[1:]))
exec((home / "does.py").read_text())
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in whose server the command prints a notebook's place."""
    command = tmp_path.parent / f"{tmp_path.name}-command.py"
    command.write_text(COMMAND)
    monkeypatch.setattr(debugging, "PROGRAM", (str(command),))
    does(tmp_path, f"print('a warning'); print({json.dumps(NOTEBOOK)!r})")
    return tmp_path


def does(home: Path, code: str) -> None:
    (home / "does.py").write_text(code)


def asked(home: Path) -> list[str]:
    words: list[str] = json.loads((home / "asked.json").read_text())
    assert words[-3:] == ["--home", str(home), "--json"]
    return words[:-3]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"run": RUN, "feature": "net", "new": False}, [f"{RUN}/net"]),
        ({"run": f"users/ada/shop/{RUN}/", "feature": "net"}, [f"users/ada/shop/{RUN}/net"]),
        ({"run": f"s3a://scratch/team/shop/{RUN}", "feature": None}, [f"s3a://scratch/team/shop/{RUN}"]),
        ({"run": None, "feature": None, "new": True}, ["--new"]),
        ({}, []),
    ],
)
def test_a_notebook_is_written_by_the_command(
    application: web.Application, home: Path, body: dict[str, Any], words: list[str]
) -> None:
    answer = send(application, "debug", json.dumps(body))

    assert (answer.status_code, answer.json()) == (200, NOTEBOOK)
    assert asked(home) == words


@pytest.mark.parametrize("body", [[], 5, None, {"run": 5}, {"run": RUN, "feature": ["net"]}, {"feature": "net"}])
def test_a_body_that_makes_no_sense_is_refused(application: web.Application, home: Path, body: Any) -> None:
    answer = send(application, "debug", json.dumps(body))

    assert answer.status_code == 400
    assert "body must" in answer.json()["message"]
    assert not (home / "asked.json").exists()


@pytest.mark.parametrize(
    "run",
    ["/team/eve/team/shop/x", "file:///team/eve/x", "FILE:///x", "s3a://a/file:///x", "~/x", "./x", "../x", "--help",
     "-x", "", "a b", "a\nb", "a\0b", "x" * 2000],
)  # fmt: skip
def test_a_link_opens_no_run_of_a_folder_and_gives_no_option(home: Path, run: str) -> None:
    with pytest.raises(RefusedError, match="is no run of this stack") as caught:
        debugging.open_notebook(home, run, None, new=False)

    assert caught.value.status == 422, "404 would mean a server of an older version"
    assert not (home / "asked.json").exists()
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("feature", ["", "a/b", "--new", "a b", "1x", "ä"])
def test_a_feature_has_the_name_of_one(home: Path, feature: str) -> None:
    with pytest.raises(RefusedError, match="can't be a feature of run"):
        debugging.open_notebook(home, RUN, feature, new=False)


def test_a_link_leads_to_the_notebook_in_the_readers_lab(application: web.Application, home: Path) -> None:
    answer = fetch(application, f"debug/open?run={RUN}&feature=net&new=")

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/user/ada/lab/tree/debug/my%20shop/{RUN}-net.ipynb"
    assert asked(home) == [f"{RUN}/net"]
    fetch(application, f"debug/open?run={RUN}&new=1")
    assert asked(home) == [RUN, "--new"]


def test_a_link_that_can_t_be_followed_is_a_page_that_says_why(application: web.Application, home: Path) -> None:
    does(home, "sys.stderr.write('error: no run 100% x\\n  next: ./sandbox runs list\\n'); sys.exit(2)")
    answer = fetch(application, f"debug/open?run={RUN}")
    # As Jupyter's page makes it; Tornado doubles each `%` for that.
    assert (answer.status_code, answer.json()["message"] % ()) == (422, "no run 100% x Next: ./sandbox runs list")
    assert fetch(application, "debug/open").status_code == 400
    assert fetch(application, f"debug/open?run={RUN}", token=None).status_code == 403


@pytest.mark.parametrize(
    ("code", "status", "message", "hint"),
    [
        (
            "sys.stderr.write('warning: x\\nerror: run `x` has\\ntwo\\x1b[2J lines\\n')\n"
            "sys.stderr.write('  next: ./sandbox runs list\\nIt lists.'); sys.exit(2)",
            422,
            "run `x` has\ntwo\\x1b[2J lines",
            "./sandbox runs list\nIt lists.",
        ),
        ("sys.stderr.write('error: no such run\\n'); sys.exit(1)", 422, "no such run", None),
        ("sys.stderr.write('error: no answer\\n'); sys.exit(5)", 502, "no answer", None),
        ("1 / 0", 500, "ZeroDivisionError: division by zero", None),
        ("print('[]')", 500, "without an answer", "./sandbox logs user:NAME"),
        ("pass", 500, "without an answer", "./sandbox logs user:NAME"),
        ("print('x' * 2000)", 413, "answers with 0 MB", "take large files out"),
        ("time.sleep(60)", 504, "has not ended after 2 seconds", "./sandbox status"),
    ],
)
def test_what_the_command_refuses_is_passed_on(
    home: Path, monkeypatch: pytest.MonkeyPatch, code: str, status: int, message: str, hint: str | None
) -> None:
    monkeypatch.setattr(debugging, "SECONDS", 2)
    monkeypatch.setattr(debugging, "LARGEST_ANSWER", 1000)
    does(home, code)

    with pytest.raises(RefusedError) as caught:
        debugging.open_notebook(home, RUN, None, new=False)

    assert caught.value.status == status
    assert message in caught.value.message
    assert (caught.value.hint or "").startswith(hint or "")
    assert bool(caught.value.hint) == bool(hint)


def test_the_edits_of_a_notebook_come_as_a_patch(application: web.Application, home: Path) -> None:
    (home / "debug").mkdir()
    (home / "debug" / "-x.ipynb").touch()
    patch = {"patch": "diff --git a/x b/x\r\n", "left_out": [], "run": RUN, "project": None, "config_path": "\ud800"}
    does(home, f"print({json.dumps(patch)!r})")

    answer = send(application, "debug/patch", json.dumps({"path": "debug/-x.ipynb"}))

    assert (answer.status_code, answer.json()) == (200, patch)
    assert asked(home) == ["--patch", str(home / "debug" / "-x.ipynb")]


def test_only_a_notebook_of_this_home_has_edits(application: web.Application, home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere.ipynb"
    elsewhere.touch()
    (home / "link.ipynb").symlink_to(elsewhere)
    (home / "circle.ipynb").symlink_to("circle.ipynb")
    (home / "x.txt").touch()
    (home / "folder.ipynb").mkdir()

    for path in (
        "link.ipynb",
        "circle.ipynb",
        f"../{elsewhere.name}",
        str(elsewhere),
        "x.txt",
        "folder.ipynb",
        "no.ipynb",
    ):
        answer = send(application, "debug/patch", json.dumps({"path": path}))
        assert (answer.status_code, answer.json()["hint"]) == (422, "give its path as JupyterLab shows it"), path
    assert send(application, "debug/patch", json.dumps({"path": 5})).status_code == 400
    assert send(application, "debug/patch", json.dumps({"path": "a\0b.ipynb"})).status_code == 400
    assert not (home / "asked.json").exists()
