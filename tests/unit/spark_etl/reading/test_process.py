"""A process of its own: what it inherits, where it is shown what it says, and what is returned."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.reading import process
from spark_etl.sessions.screen import METADATA

SAYS = "import sys; sys.stderr.write('[1/2] orders\\nerror: no net\\x1b[2J\\n  next: x'); print(1); sys.exit(5)"


def test_it_does_not_inherit_the_session_of_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
    monkeypatch.setenv("SANDBOX_SCRATCH", "s3a://scratch/")
    code = "import os; print(os.environ['SANDBOX_SCRATCH'], os.environ.get('SPARK_CONNECT_MODE_ENABLED'))"
    assert process.run_python(["-c", code])[:2] == ("s3a://scratch/ None\n", 0)


def test_without_a_kernel_it_is_shown_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert process.run_python(["-c", SAYS]) == ("1\n", 5, "no net\\x1b[2J")
    assert capsys.readouterr() == ("", "[1/2] orders\nerror: no net\\x1b[2J\n  next: x\n")


def test_in_a_kernel_it_is_shown_as_progress_and_nothing_is_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent: list[dict[str, Any]] = []
    publisher = SimpleNamespace(publish=lambda **message: sent.append(message))
    monkeypatch.setattr(process, "running_shell", lambda: SimpleNamespace(display_pub=publisher))
    assert process.run_python(["-c", SAYS]) == ("1\n", 5, "no net\\x1b[2J")
    assert capsys.readouterr() == ("", "")
    assert sent[-1]["data"] == {"text/plain": "[1/2] orders\nerror: no net\\x1b[2J\n  next: x"}
    assert {message["transient"]["display_id"] for message in sent} == {sent[0]["transient"]["display_id"]}
    assert [message["update"] for message in sent] == [False, *[True] * (len(sent) - 1)]
    assert all(message["metadata"] == METADATA for message in sent), "two runs are the same but for it"


def test_lines_stay_whole_whatever_comes_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "CHUNK_BYTES", 4)
    shown: list[str] = []
    text = "error: ä\n\nerror: the last\nend"
    (tmp_path / "said").write_text(text)
    with (tmp_path / "said").open("rb") as said:
        assert process._passed_on(said, shown.extend) == "the last"
    assert shown == text.split("\n")
