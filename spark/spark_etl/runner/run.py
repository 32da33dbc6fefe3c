"""One run from its run.json's first line to its last."""

from __future__ import annotations

import shlex
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_etl.errors import FeatureError, RunFailedError, SparkEtlError
from spark_etl.runner import environment
from spark_etl.runner.backend import Backend, open_backend
from spark_etl.runner.execute import Execution, Work
from spark_etl.runner.failure.jvm_hook import install_jvm_shutdown_hook
from spark_etl.runner.failure_inputs import keep_failure_inputs
from spark_etl.runner.inputs import Inputs
from spark_etl.runner.overlaps import refuse_inputs
from spark_etl.runner.ownership import in_words
from spark_etl.runner.plan import Plan
from spark_etl.runner.publish.outputs import Publication
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.report.watch import watch
from spark_etl.runner.resume.decide import Decision, decide, to_run
from spark_etl.runner.signals import ignore_signals, install_handlers
from spark_etl.store.heartbeat import Heartbeat
from spark_etl.store.index import mark_ended
from spark_etl.store.layout import RunPaths, new_run_id
from spark_etl.store.record import RunRecord, Status
from spark_etl.units import format_duration
from spark_etl.user_code import guard_user_code


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        kept: Whether there is a checkpoint to look at.
        error: What it failed with, if it did.
    """

    paths: RunPaths
    status: Status
    seconds: float
    kept: bool
    error: SparkEtlError | None = None


def run_plan(plan: Plan, progress: Progress) -> Outcome:
    """Runs a plan; run.json tells the same as what is returned, however it ends."""
    options, started = plan.options, time.monotonic()
    paths = RunPaths.of(options.scratch, options.team, plan.pipeline, new_run_id())
    record = RunRecord(paths, _head(plan), _features(plan), [_output(output) for output in plan.outputs])
    record.store()
    progress.add_fields(run_id=paths.run_id)
    progress.line(_headline(plan, paths))
    with Heartbeat(paths):
        status, error = _attempt(plan, paths, record, progress)
    mark_ended(paths, record.content)
    return Outcome(paths, status, time.monotonic() - started, record.kept, error)


def _attempt(plan: Plan, paths: RunPaths, record: RunRecord, progress: Progress) -> tuple[Status, SparkEtlError | None]:
    with ExitStack() as stack:
        try:
            with record.trace.span("run", command=shlex.join(sys.argv)), guard_user_code():
                _perform(plan, paths, record, progress, stack)
        except KeyboardInterrupt:
            ignore_signals()
            record.end("interrupted")
            return "interrupted", None
        except Exception as raised:  # noqa: BLE001 - whatever it is, run.json has to tell it
            error = (
                raised if isinstance(raised, SparkEtlError) else RunFailedError(f"{type(raised).__name__}: {raised}")
            )
            error.__cause__ = error.__cause__ or raised
            record.end("failed", _told(error))
            return "failed", error
        record.end("succeeded")
        return "succeeded", None


def _perform(plan: Plan, paths: RunPaths, record: RunRecord, progress: Progress, stack: ExitStack) -> None:
    """Finds out what still holds, and computes the rest."""
    with record.trace.span("look at the sources"):
        inputs = Inputs(plan.graph, plan.order, plan.options.dates)
        decisions, known = decide(plan, inputs)
    record.decided({alias: _decided(decision) for alias, decision in decisions.items()})
    _tell(plan, decisions, progress)
    if not plan.outputs and not to_run(plan.order, decisions):
        return
    refuse_inputs(plan.outputs, inputs.all_objects())
    publication = Publication(plan.outputs, paths, plan.pipeline, adopt=plan.options.adopt_output)
    stack.enter_context(publication)
    for path, lying in publication.adopted.items():
        progress.warn(f"--adopt-output: replaces what is at {in_words(path, lying)}")
    with record.trace.span("start Spark"):
        backend = _started(plan, record, progress, stack)
    work = Work(backend, plan, paths, record, inputs, decisions, known, publication, progress)
    try:
        Execution(work).run()
    except FeatureError as error:
        if not plan.options.keep_inputs:
            raise
        with record.trace.span("keep the inputs", feature=error.feature):
            blamed = keep_failure_inputs(work, error)
        raise blamed from blamed.__cause__


def _started(plan: Plan, record: RunRecord, progress: Progress, stack: ExitStack) -> Backend:
    """Returns the session, with the project's code on its way to executors and a watcher beside it."""
    began, options = time.monotonic(), plan.options
    stack.enter_context(install_jvm_shutdown_hook())
    backend = open_backend(
        f"{options.team}/{plan.pipeline} {record.paths.run_id}",
        plan.config.spark,
        options.remote,
        local=options.local,
        quiet=not options.debug,
    )
    install_handlers()
    stack.callback(backend.stop, silently=not options.debug)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-etl-"))
    archive = Path(folder) / f"{plan.pipeline}-{record.paths.run_id}-code.zip"  # a session takes each name only once
    archive.write_bytes(plan.project.archive())
    backend.ship(archive)
    stack.enter_context(watch(backend, progress))
    facts = backend.facts()
    record.update(spark=facts)
    if backend.not_applied:
        progress.warn(f"too late for a Spark that runs already: {', '.join(backend.not_applied)}")
    progress.line(f"Spark {facts['version']} on {facts['master']} after {format_duration(time.monotonic() - began)}")
    return backend


def _decided(decision: Decision) -> dict[str, Any]:
    """Returns what run.json tells of a decision."""
    if decision.manifest is None:
        return {"reason": decision.reason}
    reused_from = decision.folder.rsplit("/", 1)[0]
    kept = {"rows": decision.manifest.rows, "bytes": decision.manifest.bytes}
    return {"reason": decision.reason, "state": "reused", "reused_from": reused_from, **kept}


def _tell(plan: Plan, decisions: Mapping[str, Decision], progress: Progress) -> None:
    """Says for each feature of a resumed run whether it is reused, computed again or not needed, and why."""
    if plan.previous is None:
        return
    words = {"run": "recomputed", "reuse": "reused", "skip": "not needed"}
    for alias in plan.order:
        progress.line(f"{progress.label(alias)}  {words[decisions[alias].action]}: {decisions[alias].reason}")


def _head(plan: Plan) -> dict[str, Any]:
    options = plan.options
    return {
        "team": options.team,
        "pipeline": plan.pipeline,
        "start_date": str(options.dates.start),
        "end_date": str(options.dates.end),
        "checkpoints": list(plan.checkpoints),
        "sample": plan.sample.to_dict() if plan.sample else None,
        "resumed": plan.previous.id if plan.previous else None,
        "command": shlex.join(sys.argv),
        "config_path": str(options.config.absolute()),
        "config": plan.config.written,
        "project_path": str(plan.project.path),
        "git": environment.git_state(plan.project.path),
        "by": environment.user_and_host(),
        "versions": environment.versions(),
        "spark": None,
        "graph": plan.graph.upstreams,
        "order": list(plan.order),
    }


def _features(plan: Plan) -> dict[str, dict[str, Any]]:
    return {
        alias: {"class": plan.config.features[alias].class_path, "checkpoint": alias in plan.checkpoints}
        for alias in plan.order
    }


def _output(output: Any) -> dict[str, Any]:
    return {"feature": output.feature, "path": output.path, "overwrite": output.overwrite}


def _headline(plan: Plan, paths: RunPaths) -> str:
    options = plan.options
    counts = f"{len(plan.order)} features, {len(plan.checkpoints)} checkpoints, {len(plan.outputs)} outputs"
    sampled = f", a sample: {plan.sample.summary()}" if plan.sample else ""
    return f"run {paths.run_id} of {options.team}/{plan.pipeline} for {options.dates}: {counts}{sampled}"


def _told(error: SparkEtlError) -> dict[str, Any]:
    feature = error.feature if isinstance(error, FeatureError) else None
    frames = error.frames if isinstance(error, FeatureError) else ""
    return {
        "type": type(error.__cause__ or error).__name__,
        "feature": feature,
        "message": error.message,
        "traceback": frames,
        "hint": error.hint,
    }
