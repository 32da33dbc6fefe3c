from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from spark_etl import runs
from spark_etl.errors import ReadError, RunNotFoundError

from tests.unit.spark_etl.reading.conftest import MakeRun

FIRST, SECOND, THIRD = "20240228T101112Z-aaaaaa", "20240229T101112Z-bbbbbb", "20240301T101112Z-cccccc"


@pytest.fixture
def three(make_run: MakeRun) -> None:
    make_run(SECOND, status="failed")
    make_run(FIRST)
    make_run(THIRD, team="other", pipeline="billing", status="interrupted")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [THIRD, SECOND, FIRST]),
        ({"team": "team"}, [SECOND, FIRST]),
        ({"pipeline": "billing"}, [THIRD]),
        ({"pipeline": "nothing"}, []),
        ({"status": "failed"}, [SECOND]),
        ({"since": "2024-02-29"}, [THIRD, SECOND]),
        ({"since": date(2024, 3, 1)}, [THIRD]),
        ({"since": datetime(2024, 2, 29, 10, 11, 13, tzinfo=UTC)}, [THIRD]),
        ({"limit": 1}, [THIRD]),
        ({"status": "succeeded", "limit": 1}, [FIRST]),
    ],
)
def test_runs_are_listed_newest_first(wanted: dict[str, object], found: list[str]) -> None:
    assert [run.id for run in runs.list(**wanted)] == found  # type: ignore[arg-type]


@pytest.mark.usefixtures("three")
def test_the_latest_is_the_newest_that_matches() -> None:
    assert runs.latest().id == THIRD
    assert runs.latest("revenue").id == SECOND
    assert runs.latest("revenue", status="succeeded").id == FIRST


@pytest.mark.usefixtures("three")
def test_a_run_is_found_by_its_id_or_what_it_begins_or_ends_with() -> None:
    assert runs[SECOND].status == "failed"
    assert runs["20240301"].id == THIRD
    assert runs["aaaaaa"].id == FIRST
    with pytest.raises(RunNotFoundError, match="3 runs are called so"):
        runs["2024"]
    with pytest.raises(RunNotFoundError, match=f"'nope': no such run .* The newest: {THIRD}, {SECOND}, {FIRST}"):
        runs["nope"]


@pytest.mark.usefixtures("three")
def test_an_unknown_pipeline_or_status_is_told_with_the_nearest() -> None:
    with pytest.raises(RunNotFoundError, match=r"`revenu` .* Did you mean `revenue`\? Known: billing, revenue\."):
        runs.latest("revenu")
    with pytest.raises(ReadError, match=r"no status `fail`\. Did you mean `failed`\?"):
        runs.list(status="fail")
    with pytest.raises(ReadError, match="is no moment"):
        runs.list(since="yesterday")


def test_an_empty_scratch_has_no_runs(scratch: Path) -> None:
    assert runs.list() == []
    assert repr(runs.list()) == "no runs"
    with pytest.raises(RunNotFoundError, match=r"no run below .* Pipelines: none"):
        runs.latest()


def test_other_folders_and_half_written_runs_are_passed_over(scratch: Path, make_run: MakeRun) -> None:
    make_run(FIRST)
    (scratch / "users" / "ada" / "notes").mkdir(parents=True)
    broken = scratch / "team" / "revenue" / SECOND
    broken.mkdir()
    (broken / "run.json").write_text('{"status": ')
    assert [run.id for run in runs.list()] == [FIRST]


def test_without_a_scratch_path_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    with pytest.raises(ReadError) as caught:
        runs.list()
    assert "SANDBOX_SCRATCH" in str(caught.value.hint)


@pytest.mark.usefixtures("three")
def test_tables_show_what_matters() -> None:
    text = repr(runs.list(team="team"))
    assert text.splitlines()[0].split() == ["run", "team", "pipeline", "dates", "status", "seconds", "failed", "at"]
    assert "late" in text
    assert f'<td style="text-align:left">{SECOND}</td>' in runs.list()._repr_html_()
