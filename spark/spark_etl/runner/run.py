"""One run from its run.json's first line to its last."""

from __future__ import annotations

import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from spark_etl.errors import FeatureError, RunFailedError, SparkEtlError
from spark_etl.runner import environment
from spark_etl.runner.backend import Backend, open_backend
from spark_etl.runner.execute import Execution, Work
from spark_etl.runner.failure.jvm_hook import install_jvm_shutdown_hook
from spark_etl.runner.failure_inputs import keep_failure_inputs
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.runner.overlaps import refuse_inputs
from spark_etl.runner.plan import Plan
from spark_etl.runner.publish.outputs import Publication
from spark_etl.runner.publish.ownership import describe_existing
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.report.watch import watch
from spark_etl.runner.resume.cache_key import CacheKey
from spark_etl.runner.resume.decide import ReuseDecision, decide, to_run
from spark_etl.runner.signals import ignore_signals, install_handlers
from spark_etl.store import (
    EVERY_SECONDS,
    ErrorRecord,
    FeatureRecord,
    Heartbeat,
    OutputRecord,
    RunStore,
    RunWriter,
    Status,
    StoredRun,
)
from spark_etl.units import format_duration
from spark_etl.user_code import guard_user_code

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
    """

    record: RunWriter
    status: Status
    seconds: float
    error: SparkEtlError | None = None

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
) -> Outcome:
    """Runs a plan; run.json says the same as what is returned, however it ends.

    Args:
        plan: What to run.
        progress: Shows what happens; what it shows from now on is the run's log, too.
        resolve: Finds what the features read.
        reuse: Decides which features are computed.
    """
    started = time.monotonic()
    record = start_record(plan)
    progress.add_fields(run_id=record.run.run_id)
    progress.listeners.append(record.log.add)
    progress.line(_headline(plan, record.run))
    with Heartbeat(lambda: record.run.beat(EVERY_SECONDS), record.store_log):
        status, error = _attempt(plan, record, progress, resolve, reuse)
    record.run.mark_ended(record.document)
    return Outcome(record, status, time.monotonic() - started, error)


def _attempt(
    plan: Plan,
    record: RunWriter,
    progress: Progress,
    resolve: Callable[[Plan], ResolvedInputs],
    reuse: ReusePolicy,
) -> tuple[Status, SparkEtlError | None]:
    with ExitStack() as stack:
        try:
            with record.trace.span("run", command=shlex.join(sys.argv)), guard_user_code():
                with record.trace.span("look at the sources"):
                    inputs = resolve(plan)
                    decisions, keys = reuse(plan, inputs)
                _perform(ResolvedPlan(plan, inputs, decisions, keys), record, progress, stack)
        except KeyboardInterrupt:
            ignore_signals()
            record.end("interrupted")
            return "interrupted", None
        except Exception as raised:  # noqa: BLE001 - whatever it is, run.json has to record it
            error = (
                raised if isinstance(raised, SparkEtlError) else RunFailedError(f"{type(raised).__name__}: {raised}")
            )
            error.__cause__ = error.__cause__ or raised
            record.end("failed", _error_record(error))
            return "failed", error
        record.end("succeeded")
        return "succeeded", None


class ResolvedPlan(NamedTuple):
    """A plan of which is known what it reads and which of its features are computed."""

    plan: Plan
    inputs: ResolvedInputs
    decisions: Mapping[str, ReuseDecision]
    cache_keys: Mapping[str, CacheKey]


def _perform(resolved: ResolvedPlan, record: RunWriter, progress: Progress, stack: ExitStack) -> None:
    """Computes what does not hold any more."""
    plan, inputs, decisions, keys = resolved
    _record_decisions(record, resolved)
    _show_decisions(plan, decisions, progress)
    if not plan.outputs and not to_run(plan.order, decisions):
        return
    refuse_inputs(plan.outputs, inputs.all_objects())
    publication = Publication(plan.outputs, record.run, plan.pipeline, adopt=plan.options.adopt_output)
    stack.enter_context(publication)
    for path, existing in publication.adopted.items():
        progress.warn(f"--adopt-output: replaces what is at {describe_existing(path, existing)}")
    with record.trace.span("start Spark"):
        backend = _started(plan, record, progress, stack)
    work = Work(backend, plan, record, inputs, decisions, keys, publication, progress)
    try:
        Execution(work).run()
    except FeatureError as error:
        if not plan.options.keep_inputs:
            raise
        with record.trace.span("keep the inputs", feature=error.feature):
            blamed = keep_failure_inputs(work, error)
        raise blamed from blamed.__cause__


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
    )
    install_handlers()
    stack.callback(backend.stop, silently=not options.debug)
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


def _show_decisions(plan: Plan, decisions: Mapping[str, ReuseDecision], progress: Progress) -> None:
    """Says for each feature of a resumed run whether it is reused, computed again or not needed, and why."""
    if plan.previous is None:
        return
    for alias in plan.order:
        progress.line(f"{progress.label(alias)}  {VERBS[decisions[alias].action]}: {decisions[alias].reason}")


def start_record(plan: Plan) -> RunWriter:
    """Begins the run of a plan in the store."""
    options = plan.options
    return RunStore(options.scratch).start(
        options.team,
        plan.pipeline,
        start_date=str(options.dates.start),
        end_date=str(options.dates.end),
        checkpoints=list(plan.checkpoints),
        sample=plan.sample.to_dict() if plan.sample else None,
        resumed=plan.previous.id if plan.previous else None,
        command=shlex.join(sys.argv),
        options=options.to_dict(),
        session=options.session,
        requirements=environment.requirements(),
        config_path=str(options.config.absolute()),
        config=plan.config.written,
        project_path=str(plan.project.path),
        git=environment.git_state(plan.project.path),
        by=environment.user_and_host(),
        versions=environment.versions(),
        graph={alias: list(upstreams) for alias, upstreams in plan.graph.upstreams.items()},
        order=list(plan.order),
        features={
            alias: FeatureRecord(plan.config.features[alias].class_path, checkpoint=alias in plan.checkpoints)
            for alias in plan.order
        },
        outputs=[OutputRecord(output.feature, output.path, overwrite=output.overwrite) for output in plan.outputs],
    )


def _headline(plan: Plan, run: StoredRun) -> str:
    options = plan.options
    counts = f"{len(plan.order)} features, {len(plan.checkpoints)} checkpoints, {len(plan.outputs)} outputs"
    sampled = f", a sample: {plan.sample.summary()}" if plan.sample else ""
    return f"run {run.run_id} of {options.team}/{plan.pipeline} for {options.dates}: {counts}{sampled}"


def _error_record(error: SparkEtlError) -> ErrorRecord:
    return ErrorRecord(
        message=error.message,
        traceback=error.frames if isinstance(error, FeatureError) else "",
        type=type(error.__cause__ or error).__name__,
        feature=error.feature if isinstance(error, FeatureError) else None,
        hint=error.hint,
    )
