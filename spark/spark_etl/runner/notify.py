"""Mails about a run: a failure, and the first success after one."""

from __future__ import annotations

from spark_etl import documents
from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.runner.options import Options
from spark_etl.runner.report.mail import failure_text, recovery_text, send
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.run import Outcome
from spark_etl.storage import join, storage_for
from spark_etl.store.layout import RUN_FILE, is_run_id


def mail_refusal(options: Options, error: SparkEtlError, progress: Progress) -> None:
    """Sends a mail about a run that was refused before it began."""
    if options.notify:
        name = options.pipeline or options.config.absolute().parent.name
        _send_failure(options, name, error, None, progress)


def mail_outcome(options: Options, pipeline: str, outcome: Outcome, progress: Progress) -> None:
    """Sends a mail about a failure, or a success after a failed run; none about an interruption."""
    if not options.notify:
        return
    if outcome.error:
        _send_failure(options, pipeline, outcome.error, outcome.paths.root, progress)
    elif outcome.status == "succeeded":
        failed = previous_failure(join(options.scratch, options.team, pipeline), outcome.paths.run_id, progress)
        if failed:
            text = recovery_text(pipeline=pipeline, dates=str(options.dates), run=outcome.paths.root, failed_run=failed)
            send(options.notify, f"[{options.team}] {pipeline} works again ({options.dates})", text, progress)


def _send_failure(options: Options, pipeline: str, error: SparkEtlError, run: str | None, progress: Progress) -> None:
    frames = error.frames if isinstance(error, FeatureError) else ""
    text = failure_text(
        pipeline=pipeline, dates=str(options.dates), run=run, reason=error.message, frames=frames, hint=error.hint
    )
    culprit = f": {error.feature}" if isinstance(error, FeatureError) else ""
    send(options.notify, f"[{options.team}] {pipeline} failed{culprit} ({options.dates})", text, progress)


def previous_failure(folder: str, run_id: str, progress: Progress) -> str | None:
    """Returns the id of the previous run if it failed; runs that were interrupted or never ended don't count."""
    store = storage_for(folder)
    try:
        earlier = sorted((name for name in store.folders(folder) if is_run_id(name) and name < run_id), reverse=True)
        for name in earlier:
            status = (documents.read(store.read, join(folder, name, RUN_FILE)) or {}).get("status")
            if status in {"failed", "succeeded"}:
                return name if status == "failed" else None
    except (SparkEtlError, ValueError) as error:
        progress.warn(f"can't find out whether the previous run failed: {error}")
    return None
