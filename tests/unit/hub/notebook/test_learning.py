"""Lessons by the server's addresses: what the command is asked, and the page whose buttons do it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sandbox_lab import learning
from sandbox_lab.errors import RefusedError
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from tests.unit.hub.notebook.test_handlers import TOKEN, JupyterHandler, application, fetch

__all__ = ["application"]
LESSON = {
    "number": 1,
    "title": "Revenue <too> high",
    "state": "started",
    "hints": 1,
    "hints_of": 4,
    "checks": 0,
    "folder": "/home/ada/learn/1",
    "answer": {"feature": "net", "rows": "a < 1", "of": ""},
    "run": "users/ada/learn/learn-1/20240229T101112Z-7f3a2c",
    "ticket": "# Ticket: revenue is too high\n\n**From:** finance <b>and others</b>\n",
}
LESSONS = [LESSON, {**LESSON, "number": 2, "title": "Nulls", "state": "new", "run": "", "ticket": ""}]
# Stands in for `spark-etl learn`: it writes down how it was called, and does what a file says.
COMMAND = """
import json, pathlib, sys
home = pathlib.Path(sys.argv[sys.argv.index("--home") + 1])
with (home / "asked.jsonl").open("a") as file:
    file.write(json.dumps(sys.argv[1:-3]) + "\\n")
if sys.argv[1] == "list":
    print((home / "lessons.json").read_text())
else:
    exec((home / "does.py").read_text())
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in whose server the command answers."""
    command = tmp_path.parent / f"{tmp_path.name}-command.py"
    command.write_text(COMMAND)
    monkeypatch.setattr(learning, "PROGRAM", (str(command),))
    monkeypatch.setattr(JupyterHandler, "xsrf_token", b"the-token", raising=False)
    (tmp_path / "lessons.json").write_text(json.dumps({"lessons": LESSONS}))
    says(tmp_path, {"number": 1, "lines": ["lesson 1: <said>"]})
    return tmp_path


def says(home: Path, answer: dict[str, Any], code: int = 0) -> None:
    (home / "does.py").write_text(f"print({json.dumps(answer)!r}); sys.exit({code})")


def asked(home: Path) -> list[list[str]]:
    return [json.loads(line) for line in (home / "asked.jsonl").read_text().splitlines()]


def post(
    application: web.Application,
    path: str,
    body: Any,
    *,
    kind: str = "application/json",
    token: str | None = TOKEN,
) -> httpx.Response:
    """Sends a body, as JSON unless it is a text."""
    headers = {"Content-Type": kind, **({"Authorization": f"token {token}"} if token else {})}
    content = body if isinstance(body, str) else json.dumps(body)

    async def send() -> httpx.Response:
        socket, port = bind_unused_port()
        server = HTTPServer(application)
        server.add_socket(socket)
        async with httpx.AsyncClient(timeout=30) as client:
            url = f"http://127.0.0.1:{port}/user/ada/sandbox/{path}"
            answer = await client.post(url, content=content, headers=headers)
        server.stop()
        return answer

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"action": "start", "lesson": 1}, ["start", "1"]),
        ({"action": "hint"}, ["hint"]),
        ({"action": "hint", "lesson": None, "rows": "x"}, ["hint"]),
        ({"action": "reset", "lesson": 2}, ["reset", "2", "--yes"]),
        (
            {"action": "check", "lesson": 1, "feature": "net", "rows": "--yes", "of": None},
            ["check", "1", "--feature=net", "--rows=--yes"],
        ),
    ],
)
def test_the_command_is_asked(application: web.Application, home: Path, body: dict[str, Any], words: list[str]) -> None:
    answer = post(application, "learn/api", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["lines"] == ["lesson 1: <said>"]
    assert asked(home) == [words]


def test_an_answer_that_is_not_right_yet_is_an_answer(application: web.Application, home: Path) -> None:
    says(home, {"solved": False, "lines": ["not yet"]}, code=1)
    answer = post(application, "learn/api", {"action": "check"})
    assert (answer.status_code, answer.json()["solved"]) == (200, False)
    (home / "does.py").write_text("sys.stderr.write('error: it broke\\n  next: mend it\\n'); sys.exit(1)")
    refused = post(application, "learn/api", {"action": "check"})
    assert (refused.status_code, refused.json()) == (422, {"message": "it broke", "hint": "mend it"})


def test_a_notebook_is_named_as_jupyterlab_shows_it(application: web.Application, home: Path) -> None:
    says(home, {"lines": [], "notebook": f"{home}/learn/1/lesson.ipynb"})
    assert post(application, "learn/api", {"action": "start", "lesson": 1}).json()["path"] == ("learn/1/lesson.ipynb")
    says(home, {"lines": [], "notebook": "/etc/passwd"})
    assert post(application, "learn/api", {"action": "start", "lesson": 1}).json()["path"] == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"action": 1},
        {"action": "check", "lesson": "1"},
        {"action": "check", "lesson": True},
        {"action": "check", "rows": 5},
    ],
)
def test_a_body_that_makes_no_sense_is_refused(application: web.Application, home: Path, body: Any) -> None:
    assert post(application, "learn/api", body).status_code == 400
    assert not (home / "asked.jsonl").exists()


@pytest.mark.parametrize(
    ("action", "lesson", "given", "status"),
    [
        ("delete", 1, {}, 404),
        ("start", 0, {}, 422),
        ("start", 10**6, {}, 422),
        ("check", 1, {"rows": "x" * 20_000}, 422),
    ],
)
def test_what_there_is_not_is_refused(home: Path, action: str, lesson: int, given: dict[str, str], status: int) -> None:
    with pytest.raises(RefusedError) as caught:
        learning.act(home, action, lesson, given)
    assert caught.value.status == status


def test_one_works_at_a_time(home: Path) -> None:
    with learning.BUSY, pytest.raises(RefusedError, match="is being started or checked") as caught:
        learning.act(home, "check", 1, {})
    assert caught.value.status == 409
    assert learning.act(home, "check", 1, {})["lines"], "the next one works"


def test_the_page_has_a_button_for_everything(application: web.Application, home: Path) -> None:
    page = fetch(application, "learn").text
    assert "Revenue &lt;too&gt; high" in page
    for label in ("Check lesson 1", "Hint for lesson 1", "Reset lesson 1", "Start lesson 2"):
        assert f">{label}</button>" in page
    assert "Start lesson 1" not in page
    assert 'value="net"' in page
    assert page.count('name="_xsrf" value="the-token"') == page.count("<form ")
    assert 'href="/user/ada/lab/tree/learn/1/lesson.ipynb"' in page
    targets = set(re.findall(r'action="([^"#]+)', page))
    assert targets == {"/user/ada/sandbox/learn"}


@pytest.mark.parametrize("state", ["started", "solved"])
def test_a_ticket_and_its_run_are_there_after_a_reload(application: web.Application, home: Path, state: str) -> None:
    (home / "lessons.json").write_text(json.dumps({"lessons": [{**LESSON, "state": state}, LESSONS[1]]}))
    page = fetch(application, "learn").text
    assert "<details open><summary>Ticket of lesson 1</summary>" in page
    assert "<h3>Ticket: revenue is too high</h3>" in page
    assert "<strong>From:</strong> finance &lt;b&gt;and others&lt;/b&gt;" in page
    assert f"<code>{LESSON['run']}</code>" in page
    assert "Ticket of lesson 2" not in page
    assert page.count("The run:") == 1


def test_a_ticket_is_shown_once(application: web.Application, home: Path) -> None:
    assert "Ticket of lesson 1" not in form(application, action="start", lesson="1").text, "the answer has it"
    hinted = form(application, action="hint", lesson="1").text
    assert "<details><summary>Ticket of lesson 1</summary>" in hinted
    (home / "does.py").write_text("sys.stderr.write('error: busy\\n'); sys.exit(1)")
    assert "Ticket of lesson 1" in form(application, action="start", lesson="1").text, "a refusal has none"


def test_without_a_ticket_or_with_a_long_run_there_is_a_page(application: web.Application, home: Path) -> None:
    lesson = {**LESSON, "ticket": "", "run": "\u202e" + "r" * 9_999}
    (home / "lessons.json").write_text(json.dumps({"lessons": [lesson]}))
    page = fetch(application, "learn").text
    assert "Check lesson 1" in page
    assert "Ticket of lesson" not in page
    assert f"<code>\\u202e{'r' * 499}</code>" in page


@pytest.mark.parametrize(("checks", "shown"), [(0, "0 checks"), (1, "1 check"), (2, "2 checks")])
def test_checks_are_counted_in_words(application: web.Application, home: Path, checks: int, shown: str) -> None:
    (home / "lessons.json").write_text(json.dumps({"lessons": [{**LESSON, "checks": checks}]}))
    assert f"· {shown}</p>" in fetch(application, "learn").text


def test_the_header_leads_where_the_hubs_pages_do(application: web.Application, home: Path) -> None:
    (nav,) = re.findall("<nav .*?</nav>", fetch(application, "learn").text, re.DOTALL)
    links = re.findall(r'<a href="([^"]*)"( aria-current="page")?>([^<]*)</a>', nav)
    assert links == [
        ("/hub/home", "", "Spark debug sandbox"),
        ("/hub/home", "", "Home"),
        ("/services/runs/", "", "Runs"),
        ("/services/shelf/", "", "Shelf"),
        ("/user/ada/sandbox/learn", ' aria-current="page"', "Learn"),
        ("/user/ada/lab/tree/learn", "", "JupyterLab"),
    ]


def form(application: web.Application, **fields: str) -> httpx.Response:
    """Sends what a button of the page sends."""
    return post(application, "learn", urlencode(fields), kind="application/x-www-form-urlencoded")


def test_a_button_does_it_and_shows_what_came_of_it(application: web.Application, home: Path) -> None:
    answer = form(application, action="check", lesson="1", feature="paid", rows="b > '2'", of="orders")
    assert answer.status_code == 200, answer.text
    assert "lesson 1: &lt;said&gt;" in answer.text
    assert asked(home) == [["check", "1", "--feature=paid", "--rows=b > '2'", "--of=orders"], ["list"]]
    hinted = form(application, action="hint", lesson="1", feature="typed", rows="c", of="")
    assert 'value="typed"' in hinted.text, "what was typed is not lost"
    assert form(application, action="hint", lesson="x").status_code == 400
    (home / "does.py").write_text("sys.stderr.write('error: no such lesson\\n'); sys.exit(2)")
    refused = form(application, action="start", lesson="2")
    assert refused.status_code == 422
    assert "no such lesson" in refused.text
    assert "Start lesson 2" in refused.text


@pytest.mark.parametrize("path", ["learn", "learn/api"])
def test_a_stranger_sees_nothing(application: web.Application, home: Path, path: str) -> None:
    assert fetch(application, path, token=None).status_code == 403
    assert post(application, path, {"action": "hint"}, token=None).status_code == 403
    assert not (home / "asked.jsonl").exists()
