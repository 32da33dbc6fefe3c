"""`run.replay()`: what the process is given, and how its answer shows itself."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from spark_etl.errors import ReadError
from spark_etl.reading import Run, Runs, replay
from spark_etl.storage import normalise

from tests.unit.spark_etl.reading.conftest import MakeRun

ID, REPLAY = "20240229T101112Z-7f3a2c", "20240301T101112Z-aaaaaa"
TEXT = "other rows: 1 row, where R/net has 2\n  <b>\x1b[2J"


class Process:
    """Stands for the process of a replay."""

    def __init__(self, path: str) -> None:
        self.words: list[str] = []
        self.out = f"printed\n{json.dumps({'path': path, 'verdict': {'answer': 'other rows', 'text': TEXT}})}\n"
        self.exit_code = 1

    def run(self, words: list[str]) -> tuple[str, int, str]:
        self.words = words
        return self.out, self.exit_code, "run R has no code"


@pytest.fixture
def run(make_run: MakeRun, scratch: Path) -> Run:
    make_run(ID)
    return Runs(str(scratch))[ID]


@pytest.fixture
def process(run: Run, monkeypatch: pytest.MonkeyPatch) -> Process:
    found = Process(run.path.replace(ID, REPLAY))
    monkeypatch.setattr(replay, "run_python", found.run)
    return found


def test_the_process_gets_what_was_given(
    run: Run, process: Process, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    run.replay("net", code="~/shop", local=True, start_date=date(2024, 2, 28))
    name = f"{scratch}/team/revenue/{ID}/net"
    common = ["replay", name, "--scratch-path", normalise(str(scratch)), "--json"]
    assert process.words[2:] == [*common, "--code", "/home/ada/shop", "--local", "--start-date", "2024-02-28"]
    run.replay("net")
    assert process.words[2:] == common


def test_it_shows_its_verdict_and_its_run_and_obeys_nothing(run: Run, process: Process) -> None:
    found = run.replay("net")
    assert (found.answer, found.same, found.run.id) == ("other rows", False, REPLAY)
    first, second, last = repr(found).splitlines()
    assert (first, last) == (TEXT.splitlines()[0], f"  kept as run {REPLAY}")
    assert "\x1b" not in second
    shown = found._repr_html_()
    assert shown.startswith(f"<p><b>{first}</b></p><pre>  &lt;b&gt;")
    assert "\x1b" not in shown


def test_without_an_answer_the_reason_is_raised(run: Run, process: Process) -> None:
    process.exit_code, process.out = 2, ""
    with pytest.raises(ReadError, match="run R has no code"):
        run.replay("net")
