"""One run from its run.json's first line to its last."""

from __future__ import annotations

import shlex
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.errors import FeatureError, RunFailedError, SparkEtlError
from spark_etl.layout import RunPaths, new_run_id
from spark_etl.record import RunRecord, Status
from spark_etl.runner import environment
from spark_etl.runner.execute import Execution
from spark_etl.runner.inputs import Inputs
from spark_etl.runner.jvm_hook import told_by_jvm
from spark_etl.runner.logs import quiet, quiet_py4j, stop
from spark_etl.runner.plan import Plan
from spark_etl.runner.progress import Progress
from spark_etl.runner.signals import catch, ignore_further
from spark_etl.runner.watch import watch
from spark_etl.session import build_session
from spark_etl.units import duration

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


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
    progress.line(_headline(plan, paths))
    status, error = _attempt(plan, paths, record, progress)
    return Outcome(paths, status, time.monotonic() - started, record.kept, error)


def _attempt(plan: Plan, paths: RunPaths, record: RunRecord, progress: Progress) -> tuple[Status, SparkEtlError | None]:
    with ExitStack() as stack:
        try:
            inputs = Inputs(plan.graph, plan.order, plan.options.dates)
            spark = _started(plan, paths, record, progress, stack)
            Execution(spark, plan, paths=paths, record=record, inputs=inputs, progress=progress).run()
        except KeyboardInterrupt:
            return _interrupted(record), None
        except Exception as raised:  # noqa: BLE001 - whatever it is, run.json has to tell it
            error = (
                raised if isinstance(raised, SparkEtlError) else RunFailedError(f"{type(raised).__name__}: {raised}")
            )
            error.__cause__ = error.__cause__ or raised
            record.end("failed", _told(error))
            return "failed", error
        record.end("succeeded")
        return "succeeded", None


def _interrupted(record: RunRecord) -> Status:
    ignore_further()
    record.end("interrupted")
    return "interrupted"


def _started(plan: Plan, paths: RunPaths, record: RunRecord, progress: Progress, stack: ExitStack) -> SparkSession:
    """Returns the session, with the project's code on its way to executors and a watcher beside it."""
    began, quietly = time.monotonic(), not plan.options.debug
    if quietly:
        quiet_py4j()
    stack.enter_context(told_by_jvm())
    spark = build_session(f"{plan.options.team}/{plan.pipeline} {paths.run_id}")
    catch()
    stack.callback(stop, spark, silently=quietly)
    if quietly:
        quiet(spark)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-etl-"))
    archive = Path(folder) / f"{plan.pipeline}-code.zip"
    archive.write_bytes(plan.project.archive())
    spark.sparkContext.addPyFile(str(archive))
    stack.enter_context(watch(spark, progress))
    record.update(spark=environment.spark_facts(spark))
    progress.line(f"Spark {spark.version} on {spark.sparkContext.master} after {duration(time.monotonic() - began)}")
    return spark


def _head(plan: Plan) -> dict[str, Any]:
    options = plan.options
    return {
        "team": options.team,
        "pipeline": plan.pipeline,
        "start_date": str(options.dates.start),
        "end_date": str(options.dates.end),
        "checkpoints": list(plan.checkpoints),
        "command": shlex.join(sys.argv),
        "config_path": str(options.config.absolute()),
        "config": plan.config.written,
        "project_path": str(plan.project.path),
        "git": environment.git_state(plan.project.path),
        "by": environment.who(),
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
    return f"run {paths.run_id} of {options.team}/{plan.pipeline} for {options.dates}: {counts}"


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
