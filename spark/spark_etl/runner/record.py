"""What is recorded of a run when it begins, and how its plan and its error read."""

from __future__ import annotations

import shlex
import sys

from spark_etl.error_text import type_name
from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.machine import user_and_host
from spark_etl.reading.run_table import not_run_text
from spark_etl.runner import environment
from spark_etl.runner.launcher import as_user_sees
from spark_etl.runner.plan import Plan
from spark_etl.runner.report.progress import Progress
from spark_etl.store import (
    REPLAY,
    ErrorRecord,
    FeatureRecord,
    OutputRecord,
    RunStore,
    RunWriter,
    StoredRun,
)
from spark_etl.units import format_count


def start_record(plan: Plan) -> RunWriter:
    """Begins the run of a plan in the store."""
    options, known = plan.options, plan.options.to_dict()
    return RunStore(options.scratch).start(
        options.team,
        plan.pipeline,
        kind=REPLAY if plan.replay else "run",
        replay=plan.replay,
        start_date=str(options.dates.start),
        end_date=str(options.dates.end),
        checkpoints=list(plan.checkpoints),
        sample=plan.sample.to_dict() if plan.sample else None,
        resumed=plan.previous.id if plan.previous else None,
        command=shlex.join(sys.argv),
        options={name: as_user_sees(value) if isinstance(value, str) else value for name, value in known.items()},
        session=options.session,
        requirements=environment.requirements(),
        packages=environment.packages_folder(),
        config_path=as_user_sees(str(options.config.absolute())),
        config=plan.config.written,
        config_text=plan.config.text,
        project_path=str(plan.project.path),
        git=environment.git_state(plan.project.path),
        by=user_and_host(),
        versions=environment.versions(),
        graph={alias: list(upstreams) for alias, upstreams in plan.graph.upstreams.items()},
        order=list(plan.order),
        not_run=list(plan.not_needed),
        features={
            alias: FeatureRecord(plan.class_of(alias), checkpoint=alias in plan.checkpoints) for alias in plan.order
        },
        outputs=[OutputRecord(output.feature, output.path, overwrite=output.overwrite) for output in plan.outputs],
    )


def headline(plan: Plan, run: StoredRun) -> str:
    """Returns the first line of a run."""
    options = plan.options
    of = f" of {len(plan.graph.order)}" if plan.not_needed else ""
    if plan.replay:
        what = f"{options.team}/{plan.pipeline} for {options.dates}"
        return f"replay {run.run_id} of `{plan.replay.feature}` in run {plan.replay.run}, {what}"
    counts = [
        f"{len(plan.order)}{of} {'feature' if len(plan.graph.order) == 1 else 'features'}",
        format_count(len(plan.checkpoints), "checkpoint"),
        format_count(len(plan.outputs), "output"),
    ]
    sampled = f", a sample: {plan.sample.summary()}" if plan.sample else ""
    return f"run {run.run_id} of {options.team}/{plan.pipeline} for {options.dates}: {', '.join(counts)}{sampled}"


def show_not_needed(plan: Plan, progress: Progress) -> None:
    """Says which features of the config are left out, and why."""
    if plan.not_needed:
        progress.line(f"not run: {not_run_text(plan.not_needed, [*plan.targets])}")


def error_record(error: SparkEtlError) -> ErrorRecord:
    """Returns what run.json says of an error."""
    return ErrorRecord(
        message=error.message,
        traceback=error.frames if isinstance(error, FeatureError) else "",
        type=type_name(error.__cause__ or error),
        feature=error.feature if isinstance(error, FeatureError) else None,
        hint=error.hint,
    )
