from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from spark_etl.errors import StorageError
from spark_etl.storage import normalise
from spark_etl.store import Heartbeat, StoredRun
from spark_etl.store.layout import HEARTBEAT_FILE, new_run_id


@pytest.fixture
def paths(tmp_path: Path) -> StoredRun:
    return StoredRun.at(normalise(str(tmp_path)), "team", "revenue", new_run_id())


def file_of(paths: StoredRun) -> Path:
    return Path(paths.root.removeprefix("file://")) / HEARTBEAT_FILE


def test_of_a_run_that_never_said_so_it_is_not_known(paths: StoredRun) -> None:
    assert paths.is_alive() is None


@pytest.mark.parametrize(("later", "alive"), [(0, True), (74, True), (76, False), (100_000, False)])
def test_three_missed_beats_and_the_clocks_difference_are_the_end(paths: StoredRun, later: int, alive: bool) -> None:
    paths.beat(15)
    last = datetime.fromisoformat(json.loads(file_of(paths).read_text())["at"])
    assert paths.is_alive(now=last + timedelta(seconds=later)) is alive


@pytest.mark.parametrize("content", ["", "no json", "{}", '{"at": "x", "every": 1}', "[]"])
def test_a_damaged_beat_tells_nothing(paths: StoredRun, content: str) -> None:
    file_of(paths).parent.mkdir(parents=True)
    file_of(paths).write_text(content)
    assert paths.is_alive() is None


def test_it_beats_while_the_block_runs_and_no_longer() -> None:
    beats, three = [], threading.Event()

    def counted(*_: object) -> None:
        beats.append(datetime.now(UTC))
        if len(beats) >= 3:
            three.set()

    with Heartbeat(counted, every=0.01) as heart:
        assert three.wait(20)
    heart._thread.join(20)
    assert not heart._thread.is_alive()


def test_a_store_that_is_away_ends_neither_the_run_nor_the_beat() -> None:
    came_back, calls = threading.Event(), iter(range(1000))

    def fails_twice(*_: object) -> None:
        if next(calls) < 2:
            raise StorageError("away")
        came_back.set()

    with Heartbeat(fails_twice, every=0.01):
        assert came_back.wait(20)
