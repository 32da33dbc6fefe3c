from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from spark_etl import runs
from spark_etl.storage.local import LocalStorage
from spark_etl.store.layout import new_run_id
from spark_etl.store.search import newest_spans

from tests.unit.spark_etl.reading.conftest import MakeRun

NOW = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def listed_folders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of folders the store gave."""
    names: list[str] = []
    folders = LocalStorage.folders

    def counted(self: LocalStorage, folder: str, *, after: str = "", before: str = "") -> list[str]:
        found = folders(self, folder, after=after, before=before)
        names.extend(found)
        return found

    monkeypatch.setattr(LocalStorage, "folders", counted)
    return names


def test_spans_touch_each_other_and_end_where_runs_do() -> None:
    spans = list(newest_spans(now=NOW))
    assert spans[0] == ("20240229T000000Z", "")
    assert [before for _, before in spans[1:]] == [after for after, _ in spans[:-1]]
    assert spans[-1][0] == ""


def test_spans_go_no_further_back_than_asked() -> None:
    assert list(newest_spans("20240227", NOW)) == [("20240229T000000Z", ""), ("20240227", "20240229T000000Z")]
    assert list(newest_spans("20240229T1", NOW)) == [("20240229T1", "")]


def test_for_the_latest_runs_the_old_ones_are_not_listed(make_run: MakeRun, listed_folders: list[str]) -> None:
    ids = [new_run_id(datetime.now(UTC) - timedelta(hours=1, days=days)) for days in (0, 2, 30, 300, 3000)]
    for run_id in ids:
        make_run(run_id)
    assert [run.id for run in runs.list(limit=1)] == ids[:1]
    assert set(ids) & set(listed_folders) == {ids[0]}
    assert [run.id for run in runs.list()] == ids


@pytest.mark.parametrize("called", ["20240301T101112Z-cccccc", "20240301", "20240301T10"])
def test_an_id_or_its_beginning_lists_no_other_runs(make_run: MakeRun, listed_folders: list[str], called: str) -> None:
    first, second = make_run("20240229T101112Z-bbbbbb"), make_run("20240301T101112Z-cccccc")
    assert runs[called].path == second.root
    assert first.run_id not in listed_folders
