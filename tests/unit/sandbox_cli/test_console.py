"""What the command prints where there is no terminal: plain lines, data apart from messages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console as RichConsole

from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError, UsageError

LONG = "a path of many words " * 20


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return Console()


def test_without_a_terminal_it_is_plain(console: Console) -> None:
    assert console.plain
    assert not Console(plain=False).plain


@pytest.mark.parametrize(
    ("say", "out", "err"),
    [
        (lambda console: console.info("[images] 3 of 7"), "", "[images] 3 of 7\n"),
        (lambda console: console.warn("port [8000] is taken"), "", "warning: port [8000] is taken\n"),
        (lambda console: console.data("[bold]x[/] :smile:"), "[bold]x[/] :smile:\n", ""),
        (lambda console: console.data(LONG), LONG + "\n", ""),
        (lambda console: console.info(LONG), "", LONG + "\n"),
        (lambda console: console.error(SandboxError("no [x] here")), "", "error: no [x] here\n"),
        (
            lambda console: console.error(UsageError("no [x]", hint="sandbox [y]")),
            "",
            "error: no [x]\n  next: sandbox [y]\n",
        ),
    ],
)
def test_text_is_printed_as_it_is(
    console: Console, capsys: pytest.CaptureFixture[str], say: Callable[[Console], None], out: str, err: str
) -> None:
    say(console)
    assert tuple(capsys.readouterr()) == (out, err)


def test_json_is_one_document_on_stdout(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    console.json({"path": Path("/x"), "text": LONG, "markup": "[bold]"})
    out, err = capsys.readouterr()
    assert json.loads(out) == {"path": "/x", "text": LONG, "markup": "[bold]"}
    assert err == ""


def test_a_table_is_not_folded_for_a_pipe(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    console.table(["name", "what"], [["[a]", "x" * 150], ["b", "y"]])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["name  what", "[a]   " + "x" * 150, "b     y"]


def test_a_name_that_one_copies_is_in_one_piece_on_a_narrow_terminal(
    console: Console, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console._out, "width", 60)
    run = "20240229T101112Z-7f3a2c"
    console.table(["run", "dates"], [[run, "2024-02-27..2024-02-29 " * 3], [f"users/ada/billing/{run}", "x"]])
    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[0] != " "]
    assert lines == ["run", run, "users/ada/billing/", run]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (80, ["20240229T101112Z-7f3a2c  2024-02-27..2024-02-29  succeeded  bills"]),
        (62, ["20240229T101112Z-7f3a2c 2024-02-27.. succeeded bills", " " * 24 + "2024-02-29"]),
    ],
)
def test_words_and_dates_are_in_one_piece_where_that_fits(
    console: Console,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    expected: list[str],
) -> None:
    monkeypatch.setattr(console._out, "width", width)
    columns = ["run", "dates", "status", "failed at"]
    row = ["20240229T101112Z-7f3a2c", "2024-02-27..2024-02-29", "succeeded", "bills"]
    console.table(columns, [row], whole={"dates", "status"})
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[-len(expected) :] == expected


def test_where_it_does_not_fit_nothing_is_cut(
    console: Console, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console._out, "width", 40)
    console.table(
        ["run", "dates", "status"], [["7f3a2c" * 2, "2024-02-27..2024-02-29", "x" * 20]], whole={"dates", "status"}
    )
    shown = "".join(capsys.readouterr().out.split())
    assert "7f3a2c" * 2 in shown
    assert shown.count("x") == 20


def test_a_stage_shows_what_it_does_and_how_it_ended(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    with console.stage("images") as stage:
        stage.update("3 of 7")
        stage.line("kept")
        stage.result = "6 built"
    assert not stage.live
    assert console.timings["images"] < 5
    assert capsys.readouterr().err == "[images] …\n[images] 3 of 7\n[images] kept\n[images] done in 0.0s: 6 built\n"


@pytest.mark.parametrize("error", [SandboxError("x"), KeyboardInterrupt()])
def test_a_stage_that_fails_says_so_and_passes_the_error_on(
    console: Console, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    with pytest.raises(type(error)), console.stage("images"):
        raise error
    assert capsys.readouterr().err == "[images] …\n[images] failed in 0.0s\n"
    assert "images" in console.timings


def test_on_a_terminal_a_stage_ends_as_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(plain=False)
    console._err = RichConsole(force_terminal=True, record=True, width=80)
    with console.stage("images") as stage:
        assert stage.live
        stage.update("3 of 7 [x]")
        stage.result = "6 built"
    last = console._err.export_text().splitlines()[-1]
    assert re.fullmatch(r"✓ images       0\.\ds  6 built", last)


def test_without_a_terminal_nothing_is_asked(console: Console) -> None:
    assert console.ask("Delete all of it?")
    with console.stage("x") as stage:
        assert stage.ask("Delete all of it?")


@pytest.mark.parametrize(
    ("answer", "yes"), [("y", True), ("Y ", True), ("yes", True), ("", False), ("n", False), ("yep", False)]
)
def test_only_a_yes_is_a_yes(monkeypatch: pytest.MonkeyPatch, answer: str, yes: bool) -> None:
    monkeypatch.setattr("builtins.input", lambda *prompt: answer)
    assert Console(plain=False).ask("Delete [all] of it?") is yes
