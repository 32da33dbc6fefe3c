"""Makes the plan of a clean-up: looks, decides, and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from spark_etl.errors import RunNotFoundError, StorageError
from spark_etl.storage import S3Settings, Upload, name_of, storage_for
from spark_etl.store import layout
from spark_etl.store.document import DAMAGED
from spark_etl.store.gc import leftovers
from spark_etl.store.gc.documents import Documents, settle
from spark_etl.store.gc.options import GcOptions
from spark_etl.store.gc.plan import GcPlan, Leftover, PlannedRun
from spark_etl.store.gc.rules import Decision, Judge, keep_by_age, readers_among
from spark_etl.store.gc.survey import OnProgress, PipelineFacts, RunFacts, every_run, survey
from spark_etl.store.names import run_name
from spark_etl.store.pins import read_pins
from spark_etl.store.run import StoredRun
from spark_etl.store.store import RunStore


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Says nothing of how far it is."""


def plan_gc(
    store: RunStore, options: GcOptions, *, now: datetime | None = None, on_progress: OnProgress = no_progress
) -> GcPlan:
    """Returns what goes and what stays below a scratch path.

    Args:
        store: The scratch path's.
        options: Which runs may go.
        now: This moment.
        on_progress: Is called with what is read, how much of it is done, and of how much.

    Raises:
        StorageError: The store does not answer, or refuses.
    """
    return _Planning(store, now or datetime.now(UTC), on_progress).clean_up(options)


def plan_removal(
    store: RunStore, runs: Sequence[StoredRun], *, now: datetime | None = None, on_progress: OnProgress = no_progress
) -> GcPlan:
    """Returns whether each of some runs can go: neither their age nor being the newest keeps them.

    Args:
        store: The scratch path's.
        runs: Which.
        now: This moment.
        on_progress: See `plan_gc`.

    Raises:
        RunNotFoundError: One of them does not lie below the scratch path.
        StorageError: The store does not answer, or refuses.
    """
    return _Planning(store, now or datetime.now(UTC), on_progress).remove({run.root for run in runs})


class _Planning:
    """What is known while a plan is made."""

    def __init__(self, store: RunStore, now: datetime, on_progress: OnProgress) -> None:
        self._scratch, self._settings, self._now = store.scratch, store.settings, now
        self._documents = Documents(store.settings, on_progress)
        self._pipelines = survey(store, on_progress)
        self._runs = list(every_run(self._pipelines))
        settle(self._runs, self._documents, store.settings)
        self._judge = Judge(self._scratch, store.settings, self._documents, pinned_runs(self._scratch, store.settings))

    def remove(self, roots: Collection[str]) -> GcPlan:
        """Returns the plan of the runs of these folders."""
        named = {run.root: run for run in self._runs if run.root in roots and run.etag is not None}
        for root, known in self._documents.of(named.values()).items():
            if known.status == DAMAGED and not named[root].is_at_work:  # whatever its mark says
                named[root].status = DAMAGED
        if missing := sorted(set(roots) - named.keys()):
            raise RunNotFoundError(f"no run {missing[0]} below {self._scratch}", hint="runs.list()")
        staying = self._judge.keep_always(named.values(), damaged=False)
        others = [run for run in self._runs if run.root not in named or run.root in staying]
        others = readers_among(others, list(named.values()))
        staying |= self._judge.keep_upstream(_without(named, staying), others)
        decisions = {root: staying.get(root, Decision("named")) for root in named}
        return self._plan(decisions, [], [])

    def clean_up(self, options: GcOptions) -> GcPlan:
        """Returns the plan of all runs that may go, and of the leftovers."""
        may_go = [run for run in self._runs if options.users or not run.own]
        whole = {run.root: run for run in may_go if run.etag is not None}
        staying: dict[str, Decision] = {}
        for pipeline in self._pipelines:
            if options.users or not pipeline.own:
                staying |= keep_by_age(pipeline, options, self._now)
        staying |= self._judge.keep_always(whole.values(), damaged=True)
        halves = {run.root: run for run in leftovers.half_written(may_go, self._now, self._settings)}
        halves = {root: run for root, run in halves.items() if not self._judge.is_pinned(run)}
        candidates = _without(whole, staying) | halves
        others = [run for run in self._runs if run.root not in candidates]
        staying |= self._judge.keep_upstream(candidates, others)
        decisions = {root: staying.get(root, Decision("old")) for root in whole}
        found, notes = self._leftovers(options, decisions, _without(halves, staying))
        return self._plan(decisions, found, notes)

    def _leftovers(
        self, options: GcOptions, decisions: Mapping[str, Decision], halves: Mapping[str, RunFacts]
    ) -> tuple[list[Leftover], list[str]]:
        goes = {root for root, decision in decisions.items() if decision.reason == "old"}
        staying = {run.root: run for run in self._runs if run.etag is not None and run.root not in goes}
        at_work = {run.root for run in self._runs if run.is_at_work}
        notes: list[str] = []
        uploads: list[Upload] = []
        try:
            uploads += storage_for(self._scratch, self._settings).uploads(self._scratch)
        except StorageError as error:
            notes.append(leftovers.refused("uploads that never ended", error))
        fresh = [each for each in uploads if not leftovers.is_settled(each.started, self._now)]
        written = {leftovers.run_of(each, self._scratch) for each in fresh}
        found = [leftovers.of_folder(run) for run in halves.values() if run.root not in written]
        for pipeline in self._pipelines:
            if options.users or not pipeline.own:
                found += self._of_pipeline(pipeline, staying)
        own = f"{self._scratch}/{layout.USERS}/"
        uploads = [each for each in uploads if options.users or not each.path.startswith(own)]
        found += leftovers.uploads(uploads, self._scratch, at_work, self._now)
        found += leftovers.stop_requests(self._scratch, at_work, self._settings)
        found += leftovers.trust_records(self._scratch, staying, self._settings)
        return found, notes

    def _of_pipeline(self, pipeline: PipelineFacts, staying: Mapping[str, RunFacts]) -> Iterator[Leftover]:
        runs = [run for run in pipeline.runs.values() if run.root in staying]
        for run in runs:
            yield from leftovers.unfinished(run, self._now)
        yield from leftovers.marks(pipeline)
        yield from leftovers.code(pipeline, runs, self._documents, self._now)

    def _plan(self, decisions: Mapping[str, Decision], found: Sequence[Leftover], notes: Sequence[str]) -> GcPlan:
        runs = sorted((run for run in self._runs if run.root in decisions), key=lambda run: run.run_id, reverse=True)
        planned = tuple(self._planned(run, decisions[run.root]) for run in runs)
        made = self._now.isoformat(timespec="seconds")
        return GcPlan(self._scratch, made, planned, tuple(found), tuple(notes))

    def _planned(self, run: RunFacts, decision: Decision) -> PlannedRun:
        return PlannedRun(
            name=run_name(run.root, self._scratch),
            root=run.root,
            goes=decision.reason in {"old", "named"},
            reason=decision.reason,
            by=decision.by,
            status=run.status,
            age=max((self._now - run.started).total_seconds(), 0),
            bytes=run.bytes,
            objects=run.objects,
            etag=run.etag or "",
        )


def pinned_runs(scratch: str, settings: S3Settings | None) -> dict[str, set[str]]:
    """Returns the runs of which a checkpoint is pinned, by id: the shared notebooks that pin one."""
    found: dict[str, set[str]] = {}
    for pin in read_pins(scratch, settings, strict=True):  # or what it pins would go
        run, _ = StoredRun.of_checkpoint(pin.path, settings)
        for run_id in {name_of(run.root) if run else "", pin.run}:
            found.setdefault(run_id, set()).add(pin.notebook)
    return found


def _without(runs: Mapping[str, RunFacts], others: Collection[str]) -> dict[str, RunFacts]:
    return {root: run for root, run in runs.items() if root not in others}
