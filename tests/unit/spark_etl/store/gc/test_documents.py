"""What was read of an ended run is not read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.store import plan_removal
from spark_etl.store.gc import documents

from tests.support.histories import History, path_of


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the runs whose documents are read."""
    found: list[str] = []
    read = documents.read_known
    monkeypatch.setattr(documents, "read_known", lambda run: (found.append(run.run_id), read(run))[1])
    return found


def test_ended_runs_are_read_once_and_others_each_time(history: History, reads: list[str], cache: Path) -> None:
    first, running = history.run(30), history.run(29, status="running")
    second = history.run(28, reuses=first)
    for _ in range(2):
        assert plan_removal(history.store, [first]).staying[0].by == (second.run_id,)
    assert sorted(reads) == sorted([first.run_id, second.run_id, *[running.run_id] * 4])
    assert (cache / "spark_etl" / "run-relations.jsonl").is_file()


def test_another_document_is_read(history: History, reads: list[str]) -> None:
    first, second = history.run(30), history.run(28)
    assert plan_removal(history.store, [first]).staying == []
    file = path_of(second.document_path)
    file.write_text(file.read_text().replace('"status": "succeeded"', '"status": "failed"'))
    plan_removal(history.store, [first])
    assert reads.count(second.run_id) == 2


@pytest.mark.parametrize("content", ["{half\n", "[1, 2]\n", "\n", '["", "", "", "x", "run", 3]\n'])
def test_a_file_of_something_else_costs_time_only(history: History, cache: Path, content: str) -> None:
    (cache / "spark_etl").mkdir(parents=True)
    (cache / "spark_etl" / "run-relations.jsonl").write_text(content)
    first = history.run(30)
    second = history.run(28, reuses=first)
    assert plan_removal(history.store, [first]).staying[0].by == (second.run_id,)
