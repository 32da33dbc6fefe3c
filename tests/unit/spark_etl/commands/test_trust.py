"""`spark-etl trust`: what an imported run in a folder carries is listed, and trusted by whoever says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spark_etl import cli
from spark_etl.commands import trust as command
from spark_etl.debugging.trust import is_trusted
from spark_etl.reading import Run, Runs
from spark_etl.store import StoredRun

ID = "20240229T101112Z-aaaaaa"
CONFIG = {"spark": {"spark.plugins": "evil.Plugin"}}


@pytest.fixture
def scratch(tmp_path: Path) -> str:
    return str(tmp_path / "scratch")


def make(scratch: str, **known: Any) -> Run:
    stored = StoredRun(f"file://{scratch}/elsewhere/revenue/{ID}")
    stored.write_document(stored.new_document(**{"kind": "imported", "config": CONFIG, "status": "failed", **known}))
    return Runs(scratch)[ID]


def trust(scratch: str, *options: str) -> int:
    return cli.main(["trust", ID, "--scratch-path", scratch, *options])


def test_it_is_listed_and_trusted(scratch: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = make(scratch)
    assert trust(scratch, "--yes") == 0
    shown = capsys.readouterr().err
    assert "Spark setting: spark.plugins=evil.Plugin" in shown
    assert "sandbox replay" in shown, "what would run it apart from this machine is named"
    assert f"next: spark-etl replay {scratch}/elsewhere/revenue/{ID}/FEATURE" in shown.replace("'", "")
    assert is_trusted(run, Runs(scratch).scratch)
    assert trust(scratch) == 0
    shown = capsys.readouterr().err
    assert "is trusted already" in shown
    assert "next: spark-etl replay" in shown


def test_without_a_terminal_nothing_is_trusted_unasked(scratch: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = make(scratch)
    assert trust(scratch) == 2
    assert f"spark-etl trust {ID} --yes" in capsys.readouterr().err
    assert not is_trusted(run, Runs(scratch).scratch)


def test_no_is_an_answer(scratch: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = make(scratch)
    monkeypatch.setattr(command, "is_yes", lambda *_: False)
    assert trust(scratch) == 1
    assert f"run {ID} is not trusted; next: unzip -l" in capsys.readouterr().err
    assert not is_trusted(run, Runs(scratch).scratch)


@pytest.mark.parametrize(
    ("known", "why"), [({"kind": "run"}, "made on this machine"), ({"config": {}}, "carries nothing")]
)
def test_what_needs_no_trust(scratch: str, capsys: pytest.CaptureFixture[str], known: dict[str, Any], why: str) -> None:
    make(scratch, **known)
    assert trust(scratch) == 0
    assert why in capsys.readouterr().err
