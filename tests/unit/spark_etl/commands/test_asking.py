"""The question that export, trust and gc ask."""

from __future__ import annotations

import sys

import pytest
from spark_etl.commands.asking import is_yes
from spark_etl.errors import ArgumentError

REFUSAL = ArgumentError("nobody can be asked", hint="--yes")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)


@pytest.mark.parametrize(
    ("answer", "expected"), [("y\n", True), (" YES \n", True), ("n\n", False), ("\n", False), ("", False), ("yy\n", False)]
)
def test_only_yes_is_yes(
    terminal: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, expected: bool
) -> None:
    monkeypatch.setattr(sys.stdin, "readline", lambda: answer, raising=False)
    assert is_yes("Go?", REFUSAL) is expected
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Go? [y/N] ")


@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_without_a_terminal_nobody_is_asked(terminal: None, monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: False, raising=False)
    with pytest.raises(ArgumentError, match="nobody can be asked"):
        is_yes("Go?", REFUSAL)


def test_a_program_that_reads_json_is_not_asked(terminal: None) -> None:
    with pytest.raises(ArgumentError, match="nobody can be asked"):
        is_yes("Go?", REFUSAL, as_json=True)
