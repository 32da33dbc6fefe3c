"""`sandbox runs`: what others wrote into a run's document reaches no terminal as anything but text."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console as RichConsole
from spark_etl.drawing import as_mermaid, as_text, run_diagram
from spark_etl.errors import DamagedError
from spark_etl.reading import Runs
from spark_etl.runner.report import mail
from spark_etl.store import StoredRun
from spark_etl.store.checks import check_run

from sandbox_cli.app import run_command
from sandbox_cli.commands import runs as command
from sandbox_cli.console import Console
from tests.support.runs import run_writer

# Clipboard (OSC 52), title, 8-bit CSI, a line drawn over, order turned around, a link, half a surrogate pair.
HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x1b]0;owned\x1b\\\x9b31m\r\x08\x7f\u202egnp\u2066\u200b\x1b]8;;http://x\x1b\\\ud800"
RUN_ID = "20240229T101112Z-7f3a2c"
HEAD = {
    "start_date": "2024-02-29",
    "end_date": "2024-02-29",
    "order": ["orders", "net"],
    "graph": {"orders": [], "net": ["orders"]},
    "by": {"user": "ada", "host": "h"},
    "command": "spark-etl run",
    "versions": {"python": "3.13"},
}
Show = Callable[..., str]

PAGES = "http://127.0.0.1:8000/services/runs/"


def with_hostile_texts(*, but: Collection[tuple[Any, ...]] = ()) -> dict[str, Any]:
    """Returns a run's document with hostile text in each field, but for some."""
    content = original()
    for path in set(_texts(content)) - set(but):
        place: Any = content
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = f"{place[path[-1]]}{HOSTILE}"
    return content


def strict_fields() -> list[tuple[Any, ...]]:
    """Returns the fields that make the run a damaged one when there is such a text in them."""
    texts = set(_texts(original()))
    return [path for path in texts if not is_whole(with_hostile_texts(but=texts - {path}))]


def is_whole(content: dict[str, Any]) -> bool:
    try:
        check_run(content, "run.json", newest=2, statuses=["failed"])
    except DamagedError:
        return False
    return True


def _texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(item, str):
            yield (*path, key)
        yield from _texts(item, (*path, key))


def original() -> dict[str, Any]:
    """Returns the document of a run that failed, with all that one can hold."""
    folder = Path("/nosuch")
    stored = StoredRun.at(str(folder), "team", "revenue", RUN_ID)
    record = run_writer(stored, HEAD, {"orders": {"checkpoint": True}, "net": {"checkpoint": False, "reason": "why"}})
    content = record.document.to_json()
    error = {"message": "it broke", "feature": "net", "type": "ValueError", "traceback": "File x", "hint": "look"}
    content |= {"status": "failed", "ended": "2024-02-29T10:12:00Z", "error": error, "sample": {"key": "id"}}
    content["features"]["net"] |= {"state": "failed", "error": error, "reused_from": "/a/b"}
    content["code"] = {"reason": "not asked for", "left_out": {".env": "looks like a secret"}}
    copied: dict[str, Any] = json.loads(json.dumps(content))
    return copied


DOCUMENTS = {"damaged": with_hostile_texts(), "whole": with_hostile_texts(but=strict_fields())}


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Prints with `sandbox …` what lies in a folder, and returns all that reached the terminal."""
    stack = SimpleNamespace(
        runs=Runs(f"file://{tmp_path}"), links=lambda: {"hub": "http://127.0.0.1:8000/", "runs": PAGES}
    )
    monkeypatch.setattr(command.session, "running", lambda *_: stack)

    def shown(content: dict[str, Any], *line: str) -> str:
        folder = tmp_path / "team" / "revenue" / RUN_ID
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.json").write_text(json.dumps(content))
        run_command([*line])
        return "".join(capsys.readouterr())

    return shown


def obeyed(text: str) -> set[str]:
    """Returns the characters of a text that are no text."""
    return {
        char
        for char in text.replace("\n", "").replace("\t", "")
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in "\u202e\u2066\u200b"
    }


@pytest.mark.parametrize(
    "line",
    [
        ("runs", "list"),
        ("runs", "show", "latest"),
        ("runs", "show", "latest", "--code"),
        ("runs", "show", "--json"),
        ("runs", "list", "--json"),
    ],
)
@pytest.mark.parametrize("columns", ["30", "200"])
@pytest.mark.parametrize("which", list(DOCUMENTS))
def test_no_field_of_a_run_is_obeyed_by_the_terminal(
    show: Show, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...], columns: str, which: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert obeyed(show(DOCUMENTS[which], *line)) == set()


@pytest.mark.parametrize("more", [(), ("--json",), ("--html", "diff.html")])
@pytest.mark.parametrize("which", list(DOCUMENTS))
def test_no_field_of_two_runs_that_are_compared_is_obeyed(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str, more: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    other = RUN_ID.replace("29T", "28T")
    folder = tmp_path / "team" / "revenue" / other
    folder.mkdir(parents=True)
    content = original() | {"run_id": other, "versions": {"python": "3.12"}}
    (folder / "run.json").write_text(json.dumps(content))
    shown = show(DOCUMENTS[which], "diff", other, RUN_ID, *more)
    page = tmp_path / "diff.html"
    assert "is damaged" in shown if which == "damaged" else "3.12" in shown or page.exists()
    assert obeyed(shown + (page.read_text() if page.exists() else "")) == set()


def test_what_is_hostile_is_shown_all_the_same(show: Show) -> None:
    assert r"it broke\x1b]52;c;" in show(DOCUMENTS["whole"], "runs", "show", "latest")
    content = json.loads(show(DOCUMENTS["whole"], "runs", "show", "latest", "--json"))
    assert content["error"]["message"].startswith("it broke\x1b]52"), "whoever reads JSON gets the text itself"


@pytest.mark.parametrize("which", list(DOCUMENTS))
def test_what_a_notebook_shows_is_text(show: Show, tmp_path: Path, which: str) -> None:
    show(DOCUMENTS[which], "runs", "list")
    run = Runs(f"file://{tmp_path}").latest()
    drawn = [b64decode(image).decode() for image in re.findall(r"base64,([\w+/=]+)", run._repr_html_())]
    texts = [repr(run), repr(run.failure), run._repr_html_(), *drawn, as_mermaid(run_diagram(run.document))]
    texts += [as_text(run_diagram(run.document)), Runs(f"file://{tmp_path}")._repr_html_()]
    texts += [run.failure._repr_html_()] if run.failure else []
    assert [obeyed(text) for text in texts] == [set()] * len(texts)
    assert len(drawn) == 1


def test_no_mail_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_ETL_HUB", "http://hub\x1b]52;c;cm0gLXJm\x07")
    known: dict[str, Any] = dict.fromkeys(("pipeline", "dates", "run", "reason", "frames", "hint"), HOSTILE)
    text = mail.failure_text(**known, debug=(HOSTILE, HOSTILE))
    message = mail._message("a@example.com", ["b@example.com"], f"failed{HOSTILE}", text)
    assert obeyed(message.get_content()) == set()
    assert obeyed(str(message["Subject"])) == set()


def test_a_terminal_that_redraws_its_lines_obeys_nothing_else() -> None:
    console, out = Console(plain=False), io.StringIO()
    console._err = console._out = RichConsole(file=out, force_terminal=True, color_system=None, width=40)
    console.info(HOSTILE)
    console.warn(HOSTILE)
    console.data(HOSTILE)
    console.table(["a"], [[HOSTILE]])
    with console.stage("x") as stage:
        stage.update(HOSTILE)
        stage.line(HOSTILE)
        stage.result = HOSTILE
    printed = out.getvalue()
    for attack in ("\x1b]", "\x9b", "\x07", "\x08", "\u202e", "\u2066", "\ud800"):
        assert attack not in printed
