"""Whatever has run, and wherever a clean-up is killed: what stays is whole, and the next one ends the work."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spark_etl.store import GcOptions, GcPlan, StoredRun, execute_gc, plan_gc

from tests.support.histories import History, broken, path_of, set_age
from tests.unit.spark_etl.store.gc.conftest import Killed, dying_after

PIPELINES = ("team/shop", "team/billing", "users/ada/shop")
ENDS = ("succeeded", "failed", "interrupted", "died")


@dataclass
class Event:
    """What happens in a history; the numbers choose among what has happened before."""

    days: int
    pipeline: str
    status: str
    reuses: int | None
    replays: int | None
    pinned: bool
    code: str
    mark: bool
    leaves: str


@dataclass
class Made:
    """A run of a history, with what it needs."""

    run: StoredRun
    event: Event
    needs: list[Made] = field(default_factory=list)


EVENTS = st.builds(
    Event,
    days=st.integers(2, 40),
    pipeline=st.sampled_from(PIPELINES),
    status=st.sampled_from((*ENDS, "succeeded", "succeeded", "running")),
    reuses=st.none() | st.integers(0, 5),
    replays=st.none() | st.integers(0, 5),
    pinned=st.integers(0, 9).map(lambda number: number == 0),
    code=st.sampled_from(["", "one", "two"]),
    mark=st.booleans(),
    leaves=st.sampled_from(["", "", "", "half a run", "half a checkpoint", "a mark", "a file", "code", "a stop"]),
)
OPTIONS = st.builds(
    GcOptions,
    older_than=st.sampled_from([timedelta(0), timedelta(days=10, hours=12)]),
    keep_last=st.integers(0, 3),
    users=st.booleans(),
)


def make(folder: Path, events: list[Event]) -> tuple[History, list[Made]]:
    """Makes a history, the oldest event first."""
    history, made = History(folder), []
    for event in sorted(events, key=lambda each: -each.days):
        if event.leaves == "half a run":
            history.checkpoint(run := history.folder_of_run(event.days + 2, event.pipeline), "orders")
            history.age(run, event.days + 2)
            continue
        made.append(made_of(history, event, made))
        leave(history, event, made[-1].run)
    return history, made


def made_of(history: History, event: Event, made: list[Made]) -> Made:
    earlier = [each for each in made if each.event.reuses is None]
    reused = earlier[event.reuses % len(earlier)] if earlier and event.reuses is not None else None
    replayed = made[event.replays % len(made)] if made and event.replays is not None else None
    if reused is None:
        event.reuses = None
    run = history.run(
        event.days,
        pipeline=event.pipeline,
        status=event.status,
        reuses=reused and reused.run,
        replays=replayed and replayed.run,
        code=event.code,
        mark=event.mark,
    )
    if replayed is None:
        event.replays = None
    if event.pinned:
        history.pin(run, "net")
    return Made(run, event, [each for each in (reused, replayed) if each])


def leave(history: History, event: Event, run: StoredRun) -> None:
    """Leaves what nobody needs."""
    if event.leaves == "half a checkpoint":
        set_age(history.checkpoint(run, "late", whole=False) / "part-00000.parquet", event.days + 2)
    elif event.leaves == "a mark":
        ghost = history.folder_of_run(event.days, event.pipeline)
        ghost.mark_ended(ghost.new_document(status="failed", start_date="2024-02-29", end_date="2024-02-29"))
    elif event.leaves == "a file":
        file = path_of(run.root) / f".run.json.{'ab' * 16}.tmp"
        file.write_text("{")
        set_age(file, event.days + 2)
    elif event.leaves == "code":
        history.code(f"nobody's {event.days}", run, event.days + 2)
    elif event.leaves == "a stop":
        run.request_stop("ada")


def staying(made: list[Made], options: GcOptions) -> set[str]:
    """Returns the folders of the runs that have to stay: the rules once more, in another way."""
    kept = [each for each in made if each.event.status == "running" or each.event.pinned]
    kept += [each for each in made if timedelta(days=each.event.days) < options.older_than]
    kept += [each for each in made if not options.users and each.event.pipeline.startswith("users/")]
    for pipeline in PIPELINES:
        inside = [each for each in made if each.event.pipeline == pipeline and each.event.replays is None]
        inside.sort(key=lambda each: each.run.run_id)
        ended = [each for each in inside if each.event.status != "running"]
        kept += ended[::-1][: options.keep_last]
        kept += [each for each in ended if each.event.status == "succeeded"][-1:]
    for each in kept:  # it grows
        kept += [needed for needed in each.needs if needed not in kept]
    return {each.run.root for each in kept}


@contextmanager
def world(events: list[Event], monkeypatch: pytest.MonkeyPatch | None = None) -> Iterator[tuple[History, list[Made]]]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", f"{folder}/cache")
        yield make(Path(folder) / "scratch", events)


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=9), OPTIONS, st.integers(0, 40), st.integers(0, 9))
def test_a_clean_up_that_is_killed_leaves_all_whole(
    events: list[Event], options: GcOptions, kills_after: int, seed: int
) -> None:
    with world(events) as (history, made):
        assert broken(history.store) == []
        must_stay = staying(made, options)
        before = {each.run.root: history.files(each.run) for each in made if each.run.root in must_stay}
        plan = plan_gc(history.store, options)
        assert {run.root for run in plan.going} == {each.run.root for each in made} - must_stay
        with dying_after(kills_after, seed) as storage, suppress(Killed):
            execute_gc(history.store, plan)
        assert broken(history.store) == [], f"after {kills_after - storage.left} deletions"
        second = execute_gc(history.store, plan_gc(history.store, options))
        assert second.skipped == {}
        assert broken(history.store) == []
        assert_all_there(history, made, before)
        third = plan_gc(history.store, options)
        assert (third.going, third.leftovers) == ([], ())


def assert_all_there(history: History, made: list[Made], before: dict[str, dict[str, bytes]]) -> None:
    """Asserts that what has to stay is there byte for byte, but for leftovers, and nothing else."""
    left = {each.run.root for each in made if path_of(each.run.root).exists()}
    assert left == set(before)
    for each in made:
        if each.run.root in before:
            after, leftovers = history.files(each.run), {"half a checkpoint": "late/", "a file": ".run.json."}
            is_users = each.event.pipeline.startswith("users/")
            gone = leftovers.get(each.event.leaves, "-")
            whole = {name: content for name, content in before[each.run.root].items() if not name.startswith(gone)}
            assert after in (whole, before[each.run.root])
            assert after == whole or is_users or each.event.status == "running"


def test_killed_at_each_deletion_of_one_history(tmp_path: Path) -> None:
    """Every step of one history in which all kinds go: a chain of three, a replay, shared code, leftovers."""
    first = Event(39, "team/shop", "succeeded", None, None, False, "one", True, "half a checkpoint")
    chain = [
        first,
        Event(38, "team/shop", "failed", 0, None, False, "one", False, "a mark"),
        Event(37, "team/shop", "failed", None, 1, False, "two", True, "a stop"),
        Event(36, "team/shop", "succeeded", None, None, False, "two", True, "code"),
        Event(35, "team/shop", "died", 0, None, False, "two", True, "a file"),
        Event(34, "team/shop", "succeeded", None, None, False, "three", True, ""),
        Event(33, "team/shop", "failed", None, None, False, "", True, "half a run"),
    ]
    history, _ = make(tmp_path / "origin", chain)
    shutil.copytree(history.folder, tmp_path / "scratch", copy_function=shutil.copy2)
    options = GcOptions(timedelta(0), 0)
    with dying_after(10_000) as storage:
        rewrite(tmp_path, history)
        execute_gc(History(tmp_path / "scratch").store, plan(tmp_path, options))
    total = 10_000 - storage.left
    assert total > 20
    for deletions in range(total):
        rewrite(tmp_path, history)
        store = History(tmp_path / "scratch").store
        with dying_after(deletions), pytest.raises(Killed):
            execute_gc(store, plan(tmp_path, options))
        assert broken(store) == [], f"after {deletions} deletions"
        execute_gc(store, plan(tmp_path, options))
        assert plan(tmp_path, options).is_empty


def plan(folder: Path, options: GcOptions) -> GcPlan:
    return plan_gc(History(folder / "scratch").store, options)


def rewrite(folder: Path, history: History) -> None:
    """Makes the history anew where the clean-up works; its documents name that place."""
    shutil.rmtree(folder / "scratch")
    shutil.copytree(history.folder, folder / "scratch", copy_function=shutil.copy2)
    for file in (folder / "scratch").rglob("*.json"):
        stat = file.stat()
        file.write_text(file.read_text().replace(f"{folder}/origin", f"{folder}/scratch"))
        os.utime(file, (stat.st_mtime, stat.st_mtime))
