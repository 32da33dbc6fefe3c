"""Only what is in the plan is deleted, and only if it is still as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from spark_etl.errors import DamagedError
from spark_etl.store import GcOptions, GcPlan, StoredRun, execute_gc, plan_gc, plan_removal
from spark_etl.store.gc import survey, watch

from tests.support.histories import History, broken, path_of, set_age

ALL = GcOptions(timedelta(0), keep_last=0)


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.0)


def rewrite(_: History, run: StoredRun) -> None:
    document = run.document()
    assert document is not None
    document.command = "another"
    run.write_document(document)


CHANGES: dict[str, tuple[Callable[[History, StoredRun], object], str]] = {
    "its document": (rewrite, "its run.json has changed"),
    "a pin": (lambda history, run: history.pin(run), "it is pinned by ada/late_"),
    "a run that reuses it": (lambda history, run: history.run(0, reuses=run), "needs it now"),
    "a run that resumes it": (
        lambda history, run: history.run(0, status="running", resumed=run.run_id, pipeline="users/ada/shop"),
        "needs it now",
    ),
    "a replay of it": (lambda history, run: history.run(0, replays=run), "needs it now"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_since_the_plan_stays_with_what_it_needs(history: History, change: str) -> None:
    first = history.run(31, status="failed")
    second = history.run(30, status="failed", replays=first)
    third = history.run(29, status="failed")
    plan = plan_gc(history.store, ALL)
    assert len(plan.going) == 3
    CHANGES[change][0](history, second)
    result = execute_gc(history.store, plan)
    assert result.runs == [third.run_id]
    assert CHANGES[change][1] in result.skipped[second.run_id]
    assert first.run_id in result.skipped
    assert first.exists()
    assert broken(history.store) == []


def test_one_that_has_come_back_to_life_stays(history: History) -> None:
    run = history.run(30, status="died")
    plan = plan_gc(history.store, ALL)
    run.beat(15)
    assert execute_gc(history.store, plan).skipped == {run.run_id: "it is at work"}


def test_the_newest_success_is_one_that_is_still_there(history: History) -> None:
    old, failed, newest = history.run(31), history.run(30, status="failed"), history.run(29)
    plan = plan_gc(history.store, ALL)
    execute_gc(history.store, plan_removal(history.store, [newest]))
    result = execute_gc(history.store, plan)
    assert result.runs == [failed.run_id]
    assert result.skipped == {old.run_id: f"run {newest.run_id}, the newest success of its pipeline, is gone"}
    assert reasons_of(history) == ["newest success"]


def reasons_of(history: History) -> list[str]:
    return [run.reason for run in plan_gc(history.store, ALL).runs]


def test_one_that_is_gone_already_is_said(history: History) -> None:
    run = history.run(30, status="failed")
    plan = plan_gc(history.store, ALL)
    execute_gc(history.store, plan)
    assert execute_gc(history.store, plan).skipped == {run.run_id: "it is gone already"}


def test_a_run_whose_mark_says_more_than_its_document_stays(history: History) -> None:
    run = history.run(30, status="failed")
    path_of(run.document_path).write_text("{half")
    result = execute_gc(history.store, plan_gc(history.store, ALL))
    assert result.skipped == {run.run_id: "its run.json can't be read"}
    assert run.exists()
    assert execute_gc(history.store, plan_removal(history.store, [run])).runs == [run.run_id]
    assert not path_of(run.root).exists()


def test_code_that_is_wanted_again_stays(history: History) -> None:
    run = history.run(30)
    named, written = history.code("named", run, 2), history.code("written", run, 2)
    plan = plan_gc(history.store, ALL)
    history.run(0, code="other", status="running")
    late = history.run(0, code="named")
    set_age(path_of(late.root).parent / "_code" / f"{named}.zip", 2)
    set_age(path_of(run.root).parent / "_code" / f"{written}.zip", 0.1)
    skipped = execute_gc(history.store, plan).skipped
    assert sorted(skipped.values()) == ["a new run names it", "a run has just written it anew"]


def test_a_leftover_that_has_become_a_run_stays(history: History) -> None:
    run = history.folder_of_run(3)
    history.checkpoint(run, "orders")
    history.age(run, 3)
    late = history.run(30)
    set_age(history.checkpoint(late, "late", whole=False) / "part-00000.parquet", 2)
    plan = plan_gc(history.store, ALL)
    assert len(plan.leftovers) == 2
    run.write_document(run.new_document(status="succeeded"))
    history.checkpoint(late, "late")
    assert sorted(execute_gc(history.store, plan).skipped.values()) == [
        "it is a checkpoint now",
        "its run is there again",
    ]
    assert run.exists()


def test_the_files_of_an_adopted_run_stay_where_they_are(history: History) -> None:
    data = history.folder / "published" / "orders.parquet"
    data.parent.mkdir()
    data.write_text("rows")
    run = history.run(30, status="failed", adopted={"orders": f"file://{data.parent}"})
    execute_gc(history.store, plan_gc(history.store, ALL))
    assert not path_of(run.root).exists()
    assert data.read_text() == "rows"


def test_a_plan_is_the_same_after_it_was_stored(history: History) -> None:
    history.run(30, status="failed", code="one")
    history.pin(history.run(29))
    plan = plan_gc(history.store, ALL)
    assert GcPlan.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"runs": [{"name": "x"}]},
        {"leftovers": [{"kind": "all", "path": "/"}]},
        {"leftovers": 3},
        {"made": None, "runs": None},
    ],
)
def test_what_is_no_plan_is_refused(history: History, change: dict[str, object]) -> None:
    with pytest.raises(DamagedError):
        GcPlan.from_dict(plan_gc(history.store, ALL).to_dict() | change)


def test_an_interrupt_ends_it_soon(history: History) -> None:
    for days in range(30, 130):
        history.run(days, status="failed")

    def interrupt(what: str, _done: int, _total: int) -> None:
        if what == "runs":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute_gc(history.store, plan_gc(history.store, ALL), on_progress=interrupt)
    assert broken(history.store) == []
    assert len(plan_gc(history.store, ALL).going) > 40


def test_how_far_it_is_is_said(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "EVERY", 10)
    for days in (30, 31, 32):
        history.run(days, status="failed")
    said: list[tuple[str, int, int]] = []
    plan = plan_gc(history.store, ALL, on_progress=lambda *known: said.append(known))
    execute_gc(history.store, plan, on_progress=lambda *known: said.append(known))
    assert ("team/shop", 10, 0) in said
    assert [done for what, done, total in said if (what, total) == ("runs", 3)] == [1, 2, 3]
