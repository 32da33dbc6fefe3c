"""`spark-etl run`: runs a pipeline and says how it ended."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress

from spark_etl.command_line import INTERRUPTED
from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.printable import printable_json
from spark_etl.reading.commands import debug_link, run_page
from spark_etl.reading.phases import phases_text
from spark_etl.reading.run_table import unpublished_text
from spark_etl.runner.backend import connect_mode
from spark_etl.runner.launcher import debug_command, program, replay_command, resume_command
from spark_etl.runner.notify import mail_outcome, mail_refusal
from spark_etl.runner.options import Options
from spark_etl.runner.plan import make_plan
from spark_etl.runner.publish.ownership import refuse_foreign, without_lock
from spark_etl.runner.report.progress import Progress, log_as_events
from spark_etl.runner.run import Outcome, run_plan
from spark_etl.runner.signals import raise_on_signals
from spark_etl.store import run_name
from spark_etl.units import format_duration
from spark_etl.user_code import guard_user_code, no_hard_exit


def run_command(options: Options, progress: Progress) -> int:
    """Runs the pipeline and returns the exit code: 0, 2, 5 or 130."""
    with raise_on_signals(), no_hard_exit(), _python_log(options, progress):
        return _run(options, progress)


def _python_log(options: Options, progress: Progress) -> AbstractContextManager[None]:
    return log_as_events(progress) if options.log_format == "json" else nullcontext()


def _run(options: Options, progress: Progress) -> int:
    try:
        with connect_mode(options.remote), guard_user_code():
            plan = make_plan(options)
            refuse_foreign(without_lock(plan.outputs), plan.owner, adopt=options.adopt_output)
            progress.expect(plan.order)
            outcome = run_plan(plan, progress)
    except SparkEtlError as error:
        show_error(error, progress, debug=options.debug)
        mail_refusal(options, error, progress)
        _print_json(options, {"run_id": None, "path": None, "status": "refused", "error": error.message})
        return error.exit_code
    _show_outcome(outcome, options, progress)
    with suppress(SparkEtlError, OSError):
        outcome.record.store_log()  # which does nothing as long as the store is away
    mail_outcome(options, plan.pipeline, outcome, progress)
    _print_json(options, _summary(outcome))
    if outcome.status == "interrupted":
        return INTERRUPTED
    return outcome.error.exit_code if outcome.error else 0


def _show_outcome(outcome: Outcome, options: Options, progress: Progress) -> None:
    if outcome.error and not outcome.is_reported:
        show_error(outcome.error, progress, debug=options.debug)
    message = f"{outcome.status} after {format_duration(outcome.seconds)}: {outcome.run.root}"
    progress.emit("run_ended", message, status=outcome.status, path=outcome.run.root, seconds=outcome.seconds)
    if unpublished := unpublished_text(outcome.record.document):
        progress.line(unpublished)
    if outcome.error is None:
        seconds = phases_text(outcome.record.document.trace, outcome.seconds)
        if seconds:
            progress.line(seconds)
    if not outcome.record.is_paused:
        for line in _next_steps(outcome):
            progress.line(line)


def _next_steps(outcome: Outcome) -> Iterator[str]:
    """Yields what to do next: commands where a command has started the run, else what to type in a notebook."""
    name, has_failed = run_name(outcome.run.root), outcome.status == "failed"
    debug = debug_command(outcome.record) if has_failed else ""
    if debug:
        yield f"  next: {debug}"
        yield from (f"        {link}" for link in [debug_link(outcome.record.document)] if link)
    if program() and (has_failed or outcome.has_checkpoints):
        yield f"  {'its checkpoints' if debug else 'next'}: {program()} runs show {name}"
    if has_failed and (command := replay_command(outcome.record)):
        yield f"  test a fix: {command}"
    if program():
        if has_failed and outcome.has_checkpoints:
            yield f"  after the fix: {resume_command(outcome.record)}"
        yield from (f"  its page: {page}" for page in [run_page(outcome.run.root)] if page)
    elif has_failed:
        yield f'open it:  from spark_etl import runs; runs["{name}"].failure'
    elif outcome.has_checkpoints:
        yield f'look at it:  from spark_etl import runs; run = runs["{name}"]'


def show_error(error: SparkEtlError, progress: Progress, *, debug: bool) -> None:
    """Shows what a run has failed with, after the project's own frames of it, or after all of them."""
    if debug:
        progress.line("".join(traceback.format_exception(error)).rstrip())
    elif isinstance(error, FeatureError) and error.frames:
        progress.line("Traceback (the project's own frames):\n" + error.frames.rstrip())
    progress.error(error)


def _summary(outcome: Outcome) -> dict[str, object]:
    return {
        "run_id": outcome.run.run_id,
        "path": outcome.run.root,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "error": outcome.error.message if outcome.error else None,
    }


def _print_json(options: Options, summary: dict[str, object]) -> None:
    if options.json:
        sys.stdout.write(printable_json(json.dumps(summary)) + "\n")
        sys.stdout.flush()
