"""A run that is stopped from the page of runs ends as by Ctrl-C, and records who has done it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.stopping import StopWatcher
from spark_etl.storage import normalise
from spark_etl.store import RunStore, RunWriter, StoredRun
from spark_etl.store.stop_requests import stop_path


@pytest.fixture
def record(tmp_path: Path) -> RunWriter:
    return RunStore(str(tmp_path / "scratch")).start("team", "shop")


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


def test_a_request_interrupts_once(
    record: RunWriter, signals: list[tuple[int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    watcher = StopWatcher(record, Progress())
    watcher.look()
    assert (signals, watcher.by) == ([], "")
    record.run.request_stop("ada\x1b[31m")
    watcher.look()
    watcher.look()
    assert signals == [(os.getpid(), signal.SIGTERM)]
    assert watcher.message == "stopped by ada\\x1b[31m, on the page of runs"
    assert watcher.message in capsys.readouterr().err


def test_what_has_ended_is_not_interrupted(record: RunWriter, signals: list[tuple[int, int]]) -> None:
    watcher = StopWatcher(record, Progress())
    record.run.request_stop("ada")
    watcher.end()
    watcher.look()
    assert (signals, watcher.by) == ([], "")


def test_nothing_is_looked_for_while_the_store_is_away(record: RunWriter, signals: list[tuple[int, int]]) -> None:
    record.run.request_stop("ada")
    record.pause()
    StopWatcher(record, Progress()).look()
    assert signals == []


def test_a_request_lies_where_no_user_writes(tmp_path: Path) -> None:
    assert stop_path("s3a://scratch/team/shop/R") == "s3a://scratch/users/_stops/team/shop/R.json"
    assert stop_path("s3a://b/scratch/users/ada/shop/R") == "s3a://b/scratch/users/_stops/users/ada/shop/R.json"
    assert stop_path("s3a://scratch/shop/users/R") == "s3a://scratch/users/_stops/shop/users/R.json"
    run = StoredRun(f"{normalise(str(tmp_path))}/team/shop/20240229T101112Z-7f3a2c")
    assert run.stop_requested_by() is None
    run.request_stop("x" * 5000)
    assert run.stop_requested_by() == "x" * 200
    (tmp_path / "users/_stops/team/shop/20240229T101112Z-7f3a2c.json").write_text("nonsense")
    assert run.stop_requested_by() is None
