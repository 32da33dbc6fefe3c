"""Executes the plan of a clean-up: nothing but what is in it, and each item only if it is still as it was.

The leftovers go first. Then the runs go, those that need others before those that they need: no run is ever there that
lacks what it refers to. The code and the trust of these runs go last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from spark_etl.storage import Upload, name_of, storage_for
from spark_etl.store.document import DAMAGED
from spark_etl.store.gc.check import what_keeps
from spark_etl.store.gc.delete import delete_folder, delete_run
from spark_etl.store.gc.documents import Documents, Known
from spark_etl.store.gc.leftovers import moment
from spark_etl.store.gc.plan import GcPlan, Leftover, PlannedRun
from spark_etl.store.gc.planning import no_progress
from spark_etl.store.gc.survey import OnProgress, RunFacts
from spark_etl.store.gc.watch import Watch
from spark_etl.store.run import StoredRun
from spark_etl.store.store import RunStore

THREADS = 8


@dataclass
class GcResult:
    """What a clean-up has done.

    Attributes:
        runs: The names of the runs that are gone.
        leftovers: How many leftovers are gone.
        bytes: What all of it came to.
        skipped: What of the plan was not deleted → why.
    """

    runs: list[str] = field(default_factory=list)
    leftovers: int = 0
    bytes: int = 0
    skipped: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Returns it in JSON's types."""
        return asdict(self)


def execute_gc(
    store: RunStore, plan: GcPlan, *, now: datetime | None = None, on_progress: OnProgress = no_progress
) -> GcResult:
    """Deletes what a plan says, and returns what was deleted and what was not.

    Args:
        store: The plan's scratch path's.
        plan: What goes.
        now: This moment.
        on_progress: Is called with what is done, how much of it is, and of how much.

    Raises:
        StorageError: The store does not answer, or refuses. What is done by then is done; a new plan has the rest.
    """
    return _Execution(store, plan, now or datetime.now(UTC), on_progress).run()


class _Execution:
    """A plan that is being executed."""

    def __init__(self, store: RunStore, plan: GcPlan, now: datetime, on_progress: OnProgress) -> None:
        self._settings, self._plan, self._now, self._on_progress = store.settings, plan, now, on_progress
        settled = {run.root for run in plan.runs if run.goes or run.status not in {"running", "died"}}
        self._watch = Watch(store, moment(plan.made), settled)
        self._newest = {_pipeline(run): run for run in plan.staying if run.reason == "newest success"}
        self._result = GcResult()
        self._needed: dict[str, list[str]] = {}  # run id → the names of runs that need it and were not deleted

    def run(self) -> GcResult:
        going = self._plan.going
        facts = [RunFacts(run.root, name_of(run.root), own=False, etag=run.etag) for run in going]
        known = Documents(self._settings, self._on_progress).of(facts)
        code = {each.code for each in known.values()}
        late = {item for item in self._plan.leftovers if item.kind == "trust record" or _is_of(item, code)}
        self._delete_leftovers([item for item in self._plan.leftovers if item not in late])
        done = 0
        for level in levels(going, known):
            for run, why in zip(level, self._delete_all(level, known), strict=True):
                done += 1
                self._count(run, why, known.get(run.root))
                self._on_progress("runs", done, len(going))
        self._delete_leftovers([item for item in self._plan.leftovers if item in late])
        return self._result

    def _delete_all(self, runs: Sequence[PlannedRun], known: Mapping[str, Known]) -> Iterator[str]:
        """Deletes runs, some at a time, and yields for each why it stays; whoever stops asking stops the work."""
        pool = ThreadPoolExecutor(THREADS)
        try:
            yield from pool.map(lambda run: self._delete(run, known), runs)
        finally:
            pool.shutdown(cancel_futures=True)

    def _delete(self, run: PlannedRun, known: Mapping[str, Known]) -> str:
        """Deletes a run, and returns why not if it stays."""
        why = self._what_keeps(run, known.get(run.root))
        if not why:
            delete_run(run.root, self._settings)
        return why

    def _what_keeps(self, run: PlannedRun, known: Known | None) -> str:
        """Returns why a run stays after all; empty if it goes."""
        return self._what_changed(run, known) or self._who_needs(run) or self._watch.keeps(name_of(run.root))

    def _what_changed(self, run: PlannedRun, known: Known | None) -> str:
        stored = StoredRun(run.root, self._settings)
        found = storage_for(run.root, self._settings).find(stored.document_path)
        if found is None:
            return "it is gone already"
        if (found.etag or "") != run.etag:
            return "its run.json has changed"
        if run.status in {"died", DAMAGED} and stored.is_alive():
            return "it is at work"
        unreadable = run.status != DAMAGED and (known is None or known.status == DAMAGED)
        return "its run.json can't be read" if unreadable else ""

    def _who_needs(self, run: PlannedRun) -> str:
        if names := self._needed.get(name_of(run.root)):
            return f"run {names[0]} needs it, and stays"
        newest = self._newest.get(_pipeline(run))
        is_gone = run.status == "succeeded" and newest and not StoredRun(newest.root, self._settings).exists()
        return f"run {newest.name}, the newest success of its pipeline, is gone" if newest and is_gone else ""

    def _count(self, run: PlannedRun, why: str, known: Known | None) -> None:
        if not why:
            self._result.runs.append(run.name)
            self._result.bytes += run.bytes
            return
        self._result.skipped[run.name] = why
        for run_id in known.upstream if known else ():
            self._needed.setdefault(run_id, []).append(run.name)

    def _delete_leftovers(self, items: Sequence[Leftover]) -> None:
        for done, item in enumerate(items, start=1):
            why = self._keeps_code(item) or what_keeps(item, self._watch, self._now, self._settings)
            if why:
                self._result.skipped[item.path] = why
            else:
                self._remove(item)
                self._result.leftovers += 1
                self._result.bytes += item.bytes
            self._on_progress("leftovers", done, len(items))

    def _keeps_code(self, item: Leftover) -> str:
        """Returns why an archive stays of which a run was to go that did not."""
        pipeline = item.path.rpartition("/")[0].rpartition("/")[0]
        stays = (run for run in self._plan.going if run.name in self._result.skipped)
        is_near = item.kind == "code" and any(_pipeline(run) == pipeline for run in stays)
        return "a run of the pipeline that was to go has stayed" if is_near else ""

    def _remove(self, item: Leftover) -> None:
        store = storage_for(item.path, self._settings)
        if item.kind == "half-written run":
            delete_run(item.path, self._settings)
        elif item.kind == "unfinished checkpoint":
            delete_folder(item.path, self._settings)
        elif item.kind == "unfinished upload":
            store.abort(Upload(item.path, item.upload_id, moment(item.started)))
        else:
            store.delete([item.path])


def levels(runs: Sequence[PlannedRun], known: Mapping[str, Known]) -> Iterator[list[PlannedRun]]:
    """Yields runs, those first that no other of them needs; those that need each other in a circle, last.

    Args:
        runs: Those that go.
        known: What their documents say, by folder.
    """
    left = list(runs)
    while left:
        needed = {run_id for run in left if run.root in known for run_id in known[run.root].upstream}
        level = [run for run in left if name_of(run.root) not in needed] or left
        yield level
        done = {run.root for run in level}
        left = [run for run in left if run.root not in done]


def _pipeline(run: PlannedRun) -> str:
    """Returns the folder of its pipeline."""
    return run.root.rpartition("/")[0]


def _is_of(item: Leftover, code: set[str]) -> bool:
    return item.kind == "code" and name_of(item.path).removesuffix(".zip") in code
