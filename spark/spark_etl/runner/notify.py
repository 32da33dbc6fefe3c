"""Mails about a run: a failure, and the first success after one."""

from __future__ import annotations

from spark_etl.error_text import error_text
from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.reading.commands import debug_link
from spark_etl.runner.launcher import debug_command, replay_command
from spark_etl.runner.options import Options
from spark_etl.runner.report.mail import failure_text, recovery_text, send
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.run import Outcome
from spark_etl.store import StoredRun, earlier_runs


def mail_refusal(options: Options, error: SparkEtlError, progress: Progress) -> None:
    """Sends a mail about a run that was refused before it began."""
    if options.notify:
        name = options.pipeline or options.config.absolute().parent.name
        _send_failure(options, name, error, progress)


def mail_outcome(options: Options, pipeline: str, outcome: Outcome, progress: Progress) -> None:
    """Sends a mail about a failure, or a success after a failed run; none about an interruption."""
    if not options.notify:
        return
    if outcome.error:
        _send_failure(options, pipeline, outcome.error, progress, outcome)
    elif outcome.status == "succeeded":
        failed = previous_failure(outcome.run, progress)
        if failed:
            text = recovery_text(pipeline=pipeline, dates=str(options.dates), run=outcome.run.root, failed_run=failed)
            send(options.notify, f"[{options.team}] {pipeline} works again ({options.dates})", text, progress)


def _send_failure(
    options: Options, pipeline: str, error: SparkEtlError, progress: Progress, outcome: Outcome | None = None
) -> None:
    text = failure_text(
        pipeline=pipeline,
        dates=str(options.dates),
        run=outcome.run.root if outcome else None,
        reason=error.message,
        frames=error.frames if isinstance(error, FeatureError) else "",
        hint=error.hint,
        debug=(debug_link(outcome.record.document), debug_command(outcome.record)) if outcome else (),
        replay=replay_command(outcome.record) if outcome else "",
    )
    culprit = f": {error.feature}" if isinstance(error, FeatureError) else ""
    send(options.notify, f"[{options.team}] {pipeline} failed{culprit} ({options.dates})", text, progress)


def previous_failure(run: StoredRun, progress: Progress) -> str | None:
    """Returns the id of the previous run if it failed.

    Runs that were interrupted or never ended don't count, nor do replays, nor what was adopted.
    """
    try:
        for earlier in earlier_runs(run):
            document = earlier.document()
            if document is not None and document.kind == "run" and document.status in {"failed", "succeeded"}:
                return earlier.run_id if document.status == "failed" else None
    except (SparkEtlError, ValueError) as error:
        progress.warn(f"can't find out whether the previous run failed: {error_text(error)}")
    return None
