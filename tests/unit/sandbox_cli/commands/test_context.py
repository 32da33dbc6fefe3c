"""The one question of the verbs that delete, apply or trust."""

from __future__ import annotations

import pytest
import typer

from sandbox_cli.commands.context import confirm
from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked; each answer is no."""
    questions: list[str] = []
    monkeypatch.setattr(Console, "ask", lambda _self, question: questions.append(question))
    return questions


@pytest.mark.parametrize(
    ("plain", "json", "message", "hint"),
    [
        (True, False, "Without a terminal, nothing is deleted without --yes.", "sandbox gc --yes"),
        (False, True, "With --json, nothing is deleted without --yes.", "sandbox gc --yes --json"),
        (True, True, "With --json, nothing is deleted without --yes.", "sandbox gc --yes --json"),
    ],
)
def test_who_cannot_be_asked_is_refused(asked: list[str], plain: bool, json: bool, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        confirm(Console(plain=plain), "Delete it?", yes=False, json=json, done="deleted", hint="sandbox gc --yes")
    assert (refused.value.message, refused.value.hint) == (message, hint)
    confirm(Console(plain=plain), "Delete it?", yes=True, json=json, done="deleted", hint="")
    assert asked == []


@pytest.mark.parametrize(("refused", "line"), [("", "nothing was deleted\n"), ("it stays", "it stays\n")])
def test_a_no_ends_the_command(asked: list[str], capsys: pytest.CaptureFixture[str], refused: str, line: str) -> None:
    with pytest.raises(typer.Exit) as ended:
        confirm(Console(plain=False), "Delete it?", yes=False, done="deleted", hint="", refused=refused)
    assert (ended.value.exit_code, asked, capsys.readouterr().err) == (1, ["Delete it?"], line)
