"""Why each run goes or stays."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from spark_etl.errors import DamagedError, RunNotFoundError
from spark_etl.store import GcOptions, GcPlan, StoredRun, plan_gc, plan_removal

from tests.support.histories import History, path_of

ALL = GcOptions(timedelta(0), keep_last=0)


def reasons(plan: GcPlan) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {run.root: (run.reason, run.by) for run in plan.runs}


def reason(history: History, run: StoredRun, options: GcOptions = ALL) -> tuple[str, tuple[str, ...]]:
    return reasons(plan_gc(history.store, options))[run.root]


def test_an_old_run_goes(history: History) -> None:
    run, other = history.run(30, status="failed"), history.run(29)
    plan = plan_gc(history.store, ALL)
    assert reasons(plan) == {run.root: ("old", ()), other.root: ("newest success", ())}
    assert [each.root for each in plan.going] == [run.root]
    (planned,) = plan.going
    assert planned.name == run.run_id
    assert planned.status == "failed"
    assert round(planned.age / 86400) == 30
    assert planned.bytes == sum(map(len, history.files(run).values()))
    assert planned.objects == len(history.files(run)) == 5


def test_the_age_and_the_number_of_the_newest_keep(history: History) -> None:
    runs = [history.run(days, status="failed") for days in (30, 20, 15, 10)]
    by_age = plan_gc(history.store, GcOptions(timedelta(days=14), keep_last=0))
    assert [reasons(by_age)[run.root][0] for run in runs] == ["old", "old", "old", "young"]
    by_number = plan_gc(history.store, GcOptions(timedelta(0), keep_last=3))
    assert [reasons(by_number)[run.root][0] for run in runs] == ["old", "kept last", "kept last", "kept last"]


def test_each_pipeline_keeps_its_own_and_replays_do_not_count(history: History) -> None:
    first, billing = history.run(30), history.run(29, pipeline="team/billing", status="failed")
    replay = history.run(28, replays=first)
    plan = reasons(plan_gc(history.store, GcOptions(timedelta(0), keep_last=1)))
    assert plan[first.root] == ("newest success", ())
    assert plan[billing.root] == ("kept last", ())
    assert plan[replay.root] == ("old", ())


@pytest.mark.parametrize("beats", [True, False])
def test_a_running_run_stays_whether_it_says_that_it_lives_or_not(history: History, beats: bool) -> None:
    run = history.run(30, status="running")
    if beats:
        run.beat(15)
    assert reason(history, run) == ("running", ())


def test_one_that_died_goes(history: History) -> None:
    run = history.run(30, status="died")
    assert reason(history, run) == ("old", ())


@pytest.mark.parametrize("marked", [True, False])
def test_a_damaged_run_stays_until_it_is_named(history: History, marked: bool) -> None:
    run = history.run(30, status="failed", mark=marked)
    path_of(run.document_path).write_text("{half")
    if not marked:
        kept, by = reason(history, run)
        assert kept == "damaged"
        assert "run.json" in by[0]
    assert reasons(plan_removal(history.store, [run]))[run.root] == ("named", ())
    assert plan_removal(history.store, [run]).going[0].status == "damaged"


def decide(run: StoredRun, path: Path, holder: StoredRun | None) -> None:
    """Makes a run that has decided to publish, and a path that one holds."""
    run.write_publish_decision({f"file://{path}": {"before": [], "new": []}})
    path.mkdir()
    if holder is not None:
        (path / "_publishing.json").write_text(json.dumps({"run": holder.root}))


@pytest.mark.parametrize("status", ["failed", "died"])
def test_a_run_that_has_not_finished_publishing_stays(history: History, tmp_path: Path, status: str) -> None:
    run = history.run(30, status=status)
    decide(run, tmp_path / "net", run)
    assert reason(history, run) == ("publishing", ())
    assert reasons(plan_removal(history.store, [run]))[run.root] == ("publishing", ())
    (tmp_path / "net" / "_publishing.json").write_text("{half")
    assert reason(history, run) == ("publishing", ()), "whose lock it is can't be read"


def test_one_whose_publication_another_has_ended_goes(history: History, tmp_path: Path) -> None:
    run, other, third = (history.run(days, status="failed") for days in (30, 29, 28))
    decide(run, tmp_path / "net", other)
    decide(third, tmp_path / "late", None)
    assert reason(history, run) == ("old", ())
    assert reason(history, third) == ("old", ())


def test_one_whose_decision_cannot_be_read_stays(history: History) -> None:
    run = history.run(30, status="failed")
    (path_of(run.root) / "_publish.json").write_text("{half")
    assert reason(history, run) == ("publishing", ())


@pytest.mark.parametrize("path", ["a\0b", "~nobody-of-that-name/x"])
def test_a_decision_about_what_can_be_no_path_keeps_nothing(history: History, path: str) -> None:
    run = history.run(30, status="failed")
    (path_of(run.root) / "_publish.json").write_text(json.dumps({path: {}}))
    assert reason(history, run) == ("old", ())


def test_an_imported_run_is_no_success_of_the_team(history: History) -> None:
    own = history.run(40)
    imported = history.run(30)
    document = imported.document()
    assert document is not None
    document.kind = "imported"
    imported.write_document(document)
    imported.replace_mark(document)
    assert reason(history, own) == ("newest success", ())


def test_a_pin_that_can_not_be_read_stops_the_clean_up(history: History) -> None:
    version = history.pin(history.run(30, status="failed"))
    (pin,) = path_of(history.store.scratch).glob(f"users/_pins/*/{version.name}/v1.json")
    pin.write_text("{half")
    with pytest.raises(DamagedError, match=r"v1\.json"):
        plan_gc(history.store, GcOptions())


def test_a_pinned_run_stays_for_the_notebook_and_goes_when_that_is_gone(history: History) -> None:
    run = history.run(30, status="failed")
    version = history.pin(run)
    assert reason(history, run) == ("pinned", (f"ada/{version.name}/v1",))
    history.store.unpin(version)
    assert reason(history, run) == ("old", ())


def test_what_a_staying_run_reuses_stays_and_so_on(history: History) -> None:
    first = history.run(32, status="failed")
    second = history.run(31, status="failed", reuses=first)
    third = history.run(30, status="failed", replays=second)
    fourth = history.run(29, reuses=third)
    plan = reasons(plan_gc(history.store, ALL))
    assert plan[fourth.root] == ("newest success", ())
    assert plan[third.root] == ("reused", (fourth.run_id,))
    assert plan[second.root] == ("origin of a replay", (third.run_id,))
    assert plan[first.root] == ("reused", (second.run_id,))


def test_a_run_that_resumes_keeps_the_other_as_long_as_it_runs(history: History) -> None:
    first = history.run(30, status="failed")
    second = history.run(1, status="running", resumed=first.run_id)
    assert reason(history, first) == ("reused", (second.run_id,))
    history.run(1, pipeline="team/billing", status="failed", resumed=history.run(29, status="failed").run_id)
    assert "old" in {found for found, _ in reasons(plan_gc(history.store, ALL)).values()}


def test_users_own_runs_stay_unless_asked_for_and_keep_what_they_need(history: History) -> None:
    origin = history.run(30, status="failed")
    own = history.run(29, pipeline="users/ada/shop", status="failed", replays=origin)
    plan = reasons(plan_gc(history.store, ALL))
    assert plan == {origin.root: ("origin of a replay", (f"users/ada/shop/{own.run_id}",))}
    with_users = reasons(plan_gc(history.store, GcOptions(timedelta(0), 0, users=True)))
    assert with_users == {origin.root: ("old", ()), own.root: ("old", ())}


def test_a_scratch_path_may_be_written_in_another_way(history: History) -> None:
    """Runs are known by their ids: `s3://` and `s3a://`, or a link to the folder, are one place."""
    first = history.run(30, status="failed")
    second = history.run(29, reuses=first)
    file = path_of(second.document_path)
    file.write_text(file.read_text().replace(str(history.folder), "/elsewhere"))
    assert reason(history, first) == ("reused", (second.run_id,))


class TestRemoval:
    def test_neither_age_nor_being_the_newest_keeps_what_is_named(self, history: History) -> None:
        run, other = history.run(0.1), history.run(0.2)
        assert reasons(plan_removal(history.store, [run])) == {run.root: ("named", ())}
        assert path_of(other.root).exists()

    def test_what_another_needs_stays_unless_that_is_named_too(self, history: History) -> None:
        first = history.run(30)
        second = history.run(29, reuses=first)
        third = history.run(28, pipeline="users/ada/shop", replays=second)
        alone = reasons(plan_removal(history.store, [first, second]))
        assert alone[second.root] == ("origin of a replay", (f"users/ada/shop/{third.run_id}",))
        assert alone[first.root] == ("reused", (second.run_id,))
        together = reasons(plan_removal(history.store, [first, second, third]))
        assert {found for found, _ in together.values()} == {"named"}

    def test_running_and_pinned_runs_stay(self, history: History) -> None:
        running, pinned = history.run(1, status="running"), history.run(2)
        history.pin(pinned)
        plan = plan_removal(history.store, [running, pinned])
        assert [run.reason for run in plan.runs] == ["running", "pinned"]
        assert plan.is_empty

    def test_a_run_elsewhere_is_no_run_here(self, history: History, tmp_path: Path) -> None:
        other = History(tmp_path / "other").run(30)
        with pytest.raises(RunNotFoundError, match=other.run_id):
            plan_removal(history.store, [other])


class TestOlderThanItsOrigin:
    """A store that was restored, or a clock that went back: who replays what is told by ids, not by times."""

    @pytest.fixture
    def pair(self, history: History) -> tuple[StoredRun, StoredRun]:
        """An origin, and its replay whose id says that it started ten days before."""
        origin = history.run(20, status="failed")
        replay = history.run(30, replays=origin)
        history.run(1)
        return origin, replay

    def test_the_origin_of_a_pinned_replay_stays(self, history: History, pair: tuple[StoredRun, StoredRun]) -> None:
        origin, replay = pair
        history.pin(replay)
        plan = reasons(plan_gc(history.store, GcOptions(timedelta(days=14), keep_last=0)))
        assert plan[replay.root][0] == "pinned"
        assert plan[origin.root] == ("origin of a replay", (replay.run_id,))

    @pytest.mark.parametrize("marked", [True, False])
    def test_and_so_it_is_for_runs_rm(self, history: History, marked: bool) -> None:
        origin = history.run(20, status="failed")
        replay = history.run(30, replays=origin, mark=marked)
        assert reasons(plan_removal(history.store, [origin])) == {origin.root: ("origin of a replay", (replay.run_id,))}

    def test_what_an_older_run_reuses_stays_too(self, history: History) -> None:
        reused = history.run(20, status="failed")
        history.run(25, reuses=reused)
        plan = reasons(plan_gc(history.store, GcOptions(timedelta(days=14), keep_last=0)))
        assert plan[reused.root][0] == "reused"
