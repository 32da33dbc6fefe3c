from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from spark_etl import runs
from spark_etl.errors import CheckpointError, ReadError, RunNotFoundError

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
def test_an_unknown_pipeline_or_status_is_reported_with_the_nearest() -> None:
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


def test_other_folders_are_passed_over(scratch: Path, make_run: MakeRun) -> None:
    make_run(FIRST)
    (scratch / "users" / "ada" / "notes").mkdir(parents=True)
    (scratch / "team" / "revenue" / SECOND).mkdir()
    assert [run.id for run in runs.list()] == [FIRST]


@pytest.fixture
def damage(scratch: Path) -> Callable[[str], None]:
    """Makes the second run's run.json say something else."""

    def damage(text: str) -> None:
        folder = scratch / "team" / "revenue" / SECOND
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.json").write_text(text)

    return damage


WHOLE: dict[str, Any] = {
    "format": 1,
    "status": "succeeded",
    "team": "team",
    "pipeline": "revenue",
    "start_date": "2024-02-29",
    "end_date": "2024-02-29",
    "order": ["orders"],
    "features": {"orders": {"state": "succeeded"}},
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "`format`"),
        ("[]", "holds no object"),
        ('{"status": ', "no JSON"),
        ("\0\1", "no JSON"),
        ("[" * 100_000, "no JSON|deep"),
        ('{"a":' * 2000 + "1" + "}" * 2000, "no JSON|deep"),
        (json.dumps({**WHOLE, "seconds": float("inf")}), "`seconds`"),
        (json.dumps({**WHOLE, "seconds": 7}).replace(" 7", " 1e999"), "`seconds`"),
        ('{"rows": ' + "9" * 5000 + "}", "no JSON"),
        ('{"x": "' + "x" * (17 << 20) + '"}', "more than 16 MB"),
        ('{"x": [' + "[]," * 1_000_000 + "[]]}", "more lists, objects and values"),
        (json.dumps({**WHOLE, "format": 99}), "newer format"),
        *((json.dumps({**WHOLE, name: 3.5}), f"`{name}`") for name in sorted(WHOLE.keys() - {"format"})),
        (json.dumps({**WHOLE, "format": "1"}), "`format`"),
        (json.dumps({**WHOLE, "seconds": "long"}), "`seconds`"),
        (json.dumps({**WHOLE, "seconds": True}), "`seconds`"),
        (json.dumps({**WHOLE, "seconds": 10**400}), "`seconds`"),
        (json.dumps({**WHOLE, "format": 10**400}), "`format`"),
        (json.dumps({**WHOLE, "start_date": "2" * 100_000}), "`start_date`"),
        (json.dumps({**WHOLE, "pipeline": "\x1b[31mred"}), "`pipeline`"),
        (json.dumps({**WHOLE, "error": "it broke"}), "`error`"),
        (json.dumps({**WHOLE, "order": ["gone"]}), "gone"),
        (json.dumps({**WHOLE, "features": {"orders": []}}), "`features`"),
        (json.dumps({**WHOLE, "features": {"orders": {"state": "succeeded", "rows": "many"}}}), "`rows`"),
        (json.dumps({**WHOLE, "features": {"orders": {"state": "succeeded", "bytes": -1}}}), "`bytes`"),
        (json.dumps({**WHOLE, "publish": [{"feature": "orders"}]}), "`path`"),
        (json.dumps({**WHOLE, "graph": {"orders": None}}), "`graph`"),
    ],
)
def test_a_damaged_run_is_listed_so_and_the_rest_goes_on(
    make_run: MakeRun, damage: Callable[[str], None], text: str, message: str
) -> None:
    make_run(FIRST)
    damage(text)

    listed = runs.list()

    assert [(run.id, run.status) for run in listed] == [(SECOND, "damaged"), (FIRST, "succeeded")]
    assert listed[0].summary()[:3] == [SECOND, "team", "revenue"]
    assert [run.id for run in runs.list(status="damaged")] == [SECOND]
    assert runs.latest(status="succeeded").id == FIRST
    assert re.search(message, repr(runs[SECOND])), repr(runs[SECOND])
    assert json.dumps(runs[SECOND].content, allow_nan=False)
    assert runs[SECOND]._repr_html_()
    assert runs[SECOND].checkpoints == []
    with pytest.raises(CheckpointError, match=f"run {SECOND} is damaged"):
        runs[SECOND]["orders"]


def test_a_run_of_this_format_is_whole(damage: Callable[[str], None]) -> None:
    damage(json.dumps({**WHOLE, "config": {"features": {"orders": {"params": {"ceiling": float("inf")}}}}}))
    assert runs[SECOND].status == "succeeded", "a parameter may be any number of YAML"


def test_what_a_user_writes_shadows_no_run(scratch: Path, make_run: MakeRun) -> None:
    make_run(SECOND)
    make_run(SECOND, team="users", pipeline="ada", status="failed")
    make_run(THIRD, team="users", pipeline="revenue")

    assert runs[SECOND].team == runs["bbbbbb"].team == "team"
    assert runs.latest().id == runs.latest("revenue").id == SECOND
    assert [run.id for run in runs.list()] == [SECOND]
    assert [run.id for run in runs.list(team="users", pipeline="ada")] == [SECOND], "whoever asks for it gets it"


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
