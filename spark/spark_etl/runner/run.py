"""One run from its run.json's first line to its last."""

from __future__ import annotations

import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from spark_etl.errors import FeatureError, RunFailedError, SparkEtlError, StorageError
from spark_etl.runner.backend import Backend, open_backend
from spark_etl.runner.execute import Execution, Work
from spark_etl.runner.failure.jvm_hook import install_jvm_shutdown_hook
from spark_etl.runner.failure.reason import reason_of
from spark_etl.runner.failure_inputs import keep_failure_inputs
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.runner.kept_code import keep_code
from spark_etl.runner.outage import PROBE_EVERY_SECONDS, StoreOutage
from spark_etl.runner.overlaps import refuse_inputs
from spark_etl.runner.plan import Plan
from spark_etl.runner.publish.outputs import Publication
from spark_etl.runner.publish.ownership import describe_existing
from spark_etl.runner.record import error_record, headline, show_not_needed, start_record
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.report.watch import watch
from spark_etl.runner.resume.cache_key import CacheKey
from spark_etl.runner.resume.decide import ReuseDecision, decide, to_run
from spark_etl.runner.signals import ignore_signals, install_handlers
from spark_etl.runner.stopping import LOOK_EVERY_SECONDS, StopWatcher
from spark_etl.store import (
    EVERY_SECONDS,
    Heartbeat,
    RunWriter,
    Status,
    StoredRun,
)
from spark_etl.units import format_duration
from spark_etl.user_code import guard_user_code

STOP_SECONDS = 10.0
VERBS = {"run": "recomputed", "reuse": "reused", "skip": "not needed"}


class ReusePolicy(Protocol):
    """Decides for each feature of a plan what becomes of it, and returns what its rows depend on."""

    def __call__(self, plan: Plan, inputs: ResolvedInputs) -> tuple[dict[str, ReuseDecision], dict[str, CacheKey]]:
        """Returns alias → decision, and alias → cache key."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        record: The run.
        error: What it failed with, if it did.
        is_reported: Whether the error was shown when it happened.
    """

    record: RunWriter
    status: Status
    seconds: float
    error: SparkEtlError | None = None
    is_reported: bool = False

    @property
    def run(self) -> StoredRun:
        """Where it lies."""
        return self.record.run

    @property
    def has_checkpoints(self) -> bool:
        """Whether there is a checkpoint to look at."""
        return bool(self.record.document.with_checkpoint())


def resolve_inputs(plan: Plan) -> ResolvedInputs:
    """Returns what the sources of a plan read at this moment.

    Raises:
        MissingDataError: A source lacks data.
    """
    return ResolvedInputs(plan.graph, plan.order, plan.options.dates)


def run_plan(
    plan: Plan,
    progress: Progress,
    *,
    resolve: Callable[[Plan], ResolvedInputs] = resolve_inputs,
    reuse: ReusePolicy = decide,
    then: Callable[[Execution], None] | None = None,
) -> Outcome:
    """Runs a plan; run.json says the same as what is returned, however it ends.

    Args:
        plan: What to run.
        progress: Shows what happens; what it shows from now on is the run's log, too.
        resolve: Finds what the features read.
        reuse: Decides which features are computed.
        then: Is called when all is computed, as long as the session is there.
    """
    started = time.monotonic()
    record = start_record(plan)
    progress.add_fields(run_id=record.run.run_id)
    progress.listeners.append(record.log.add)
    progress.line(headline(plan, record.run))
    beside = plan.options.config.absolute().parent.resolve()
    if plan.project.path != beside and plan.project.path.is_relative_to(beside):
        progress.line(f"modules are imported from {plan.project.path}")
    for note in plan.project.notes():
        progress.warn(note)
    show_not_needed(plan, progress)
    outage, stopping = StoreOutage(record, progress), StopWatcher(record, progress)
    with (
        Heartbeat(lambda: record.beat(EVERY_SECONDS), record.store_log),
        Heartbeat(outage.probe, every=PROBE_EVERY_SECONDS),
        Heartbeat(stopping.look, every=LOOK_EVERY_SECONDS),
    ):
        status, error = _attempt(plan, record, progress, outage, stopping, resolve=resolve, reuse=reuse, then=then)
    if not record.is_paused:
        record.run.mark_ended(record.document)
    is_reported = error is not None and outage.error is not None
    return Outcome(record, status, time.monotonic() - started, error, is_reported=is_reported)


def _attempt(
    plan: Plan,
    record: RunWriter,
    progress: Progress,
    outage: StoreOutage,
    stopping: StopWatcher,
    *,
    resolve: Callable[[Plan], ResolvedInputs],
    reuse: ReusePolicy,
    then: Callable[[Execution], None] | None,
) -> tuple[Status, SparkEtlError | None]:
    with ExitStack() as stack:
        try:
            with record.trace.span("run", command=shlex.join(sys.argv)), guard_user_code():
                with record.trace.span("keep the code"):
                    keep_code(plan, record, progress)
                with record.trace.span("look at the sources"), progress.waiting("looking at the sources"):
                    inputs = resolve(plan)
                    decisions, keys = reuse(plan, inputs)
                execution = _perform(ResolvedPlan(plan, inputs, decisions, keys), record, progress, outage, stack)
                if then and execution:
                    then(execution)
        except KeyboardInterrupt:
            ignore_signals()
            stopped = RunFailedError(stopping.message) if stopping.by else None
            _record_end(record, outage, "interrupted", stopped, wait=False)
            return "interrupted", None
        except Exception as raised:  # noqa: BLE001 - whatever it is, run.json has to record it
            stopping.end()
            error = _as_error(raised, outage)
            if outage.error is not None and not outage.wait():
                outage.report_unrecorded()
            _record_end(record, outage, "failed", error)
            return "failed", error
        stopping.end()
        _record_end(record, outage, "succeeded")
        return "succeeded", None


def _record_end(
    record: RunWriter, outage: StoreOutage, status: Status, error: SparkEtlError | None = None, *, wait: bool = True
) -> None:
    """Completes run.json; a store that has gone away at the last moment changes nothing of how the run ended."""
    known = error_record(error) if error else None
    try:
        record.end(status, known)
    except StorageError:
        record.pause()
        if not wait or not outage.wait():
            outage.report_unrecorded()
        record.end(status, known)


def _as_error(raised: Exception, outage: StoreOutage) -> SparkEtlError:
    """Returns what the run has failed with; whatever was raised while the store was away, it is that."""
    if outage.error is None and outage.explains(raised):
        outage.give_up()
    error = outage.error or raised
    if not isinstance(error, SparkEtlError):
        error = RunFailedError(reason_of(raised))
    if error is not raised:
        error.__cause__ = error.__cause__ or raised
    return error


class ResolvedPlan(NamedTuple):
    """A plan of which is known what it reads and which of its features are computed."""

    plan: Plan
    inputs: ResolvedInputs
    decisions: Mapping[str, ReuseDecision]
    cache_keys: Mapping[str, CacheKey]


def _perform(
    resolved: ResolvedPlan, record: RunWriter, progress: Progress, outage: StoreOutage, stack: ExitStack
) -> Execution | None:
    """Computes what does not hold any more, and returns what has done it; None where there is nothing to compute."""
    plan, inputs, decisions, keys = resolved
    _record_decisions(record, resolved)
    _show_decisions(plan, decisions, progress)
    if not plan.outputs and not to_run(plan.order, decisions):
        return None
    refuse_inputs(plan.outputs, inputs.all_objects())
    publication = Publication(plan.outputs, record.run, plan.pipeline, adopt=plan.options.adopt_output)
    stack.enter_context(publication)
    stack.callback(lambda: publication.abandon() if record.is_paused else None)
    for path, existing in publication.adopted.items():
        progress.warn(f"--adopt-output: replaces what is at {describe_existing(path, existing)}")
    with record.trace.span("start Spark"), progress.waiting("starting Spark"):
        backend = _started(plan, record, progress, stack)
    work = Work(backend, plan, record, inputs, decisions, keys, publication, progress, outage)
    execution = Execution(work)
    try:
        execution.run()
    except FeatureError as error:
        if not plan.options.keep_inputs or outage.error is not None:
            raise
        with record.trace.span("keep the inputs", feature=error.feature):
            blamed = keep_failure_inputs(work, error)
        raise blamed from blamed.__cause__
    return execution


def _record_decisions(record: RunWriter, resolved: ResolvedPlan) -> None:
    """Records what each feature reads and depends on, and what becomes of it, before any of them runs."""
    cache_keys = {alias: key.to_dict() for alias, key in resolved.cache_keys.items()}
    record.run.write_inputs(resolved.inputs.record(cache_keys))
    for alias, decision in resolved.decisions.items():
        if decision.manifest is None:
            record.record_decision(alias, decision.reason)
        else:
            root, rows, size = decision.folder.rpartition("/")[0], decision.manifest.rows, decision.manifest.bytes
            record.reused(alias, decision.reason, root=root, rows=rows, size=size)
    record.store()


def _started(plan: Plan, record: RunWriter, progress: Progress, stack: ExitStack) -> Backend:
    """Returns the session, with the project's code on its way to executors and a watcher beside it."""
    began, options = time.monotonic(), plan.options
    stack.enter_context(install_jvm_shutdown_hook())
    backend = open_backend(
        f"{options.team}/{plan.pipeline} {record.run.run_id}",
        plan.config.spark,
        options.remote,
        local=options.local,
        quiet=not options.debug,
        show_log=progress.spark_log,
    )
    install_handlers()
    stack.callback(backend.stop, silently=not options.debug)
    stack.callback(lambda: _stop(backend, record, silently=not options.debug))
    stack.enter_context(backend.no_stop())
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-etl-"))
    archive = Path(folder) / f"{plan.pipeline}-{record.run.run_id}-code.zip"  # a session takes each name only once
    archive.write_bytes(plan.project.archive())
    backend.ship(archive)
    stack.enter_context(watch(backend, progress))
    facts = backend.facts()
    record.spark_started(facts)
    if backend.not_applied:
        progress.warn(f"Spark is already running, so these settings have no effect: {', '.join(backend.not_applied)}")
    progress.line(f"Spark {facts['version']} on {facts['master']} after {format_duration(time.monotonic() - began)}")
    return backend


def _stop(backend: Backend, record: RunWriter, *, silently: bool) -> None:
    """Ends Spark; without a store, which the event log goes to, it is not waited for to the end."""
    if not record.is_paused:
        backend.stop(silently=silently)
        return
    thread = threading.Thread(target=lambda: backend.stop(silently=silently), name="stop-spark", daemon=True)
    thread.start()
    thread.join(STOP_SECONDS)


def _show_decisions(plan: Plan, decisions: Mapping[str, ReuseDecision], progress: Progress) -> None:
    """Says what becomes of each feature of a resumed run, or of a replay, and why."""
    if plan.previous is None and plan.replay is None:
        return
    verbs = VERBS if plan.replay is None else {**VERBS, "run": "computed"}
    for alias in plan.order:
        progress.line(f"{progress.label(alias)}  {verbs[decisions[alias].action]}: {decisions[alias].reason}")
    progress.expect(tuple(to_run(plan.order, decisions)))
