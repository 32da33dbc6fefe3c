"""The question that export, trust and gc ask."""

from __future__ import annotations

import sys

import pytest
from spark_etl.commands.asking import is_yes
from spark_etl.errors import ArgumentError

REFUSAL = ArgumentError("nobody can be asked", hint="--yes")


def have_a_terminal(monkeypatch: pytest.MonkeyPatch, but: str = "") -> None:
    for name in ("stdin", "stderr"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda name=name: name != but, raising=False)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("y\n", True), (" YES \n", True), ("n\n", False), ("\n", False), ("", False), ("yy\n", False)],
)
def test_only_yes_is_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, expected: bool
) -> None:
    have_a_terminal(monkeypatch)
    monkeypatch.setattr(sys.stdin, "readline", lambda: answer, raising=False)
    assert is_yes("Go?", REFUSAL) is expected
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Go? [y/N] ")


@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    have_a_terminal(monkeypatch, but=stream)
    with pytest.raises(ArgumentError, match="nobody can be asked"):
        is_yes("Go?", REFUSAL)


def test_a_program_that_reads_json_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    have_a_terminal(monkeypatch)
    with pytest.raises(ArgumentError, match="nobody can be asked"):
        is_yes("Go?", REFUSAL, as_json=True)
