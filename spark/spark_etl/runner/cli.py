"""The runner's command line: the only place where an error becomes an exit code."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from spark_etl.errors import FeatureError, SparkEtlError, UsageError
from spark_etl.runner.backend import connect_mode
from spark_etl.runner.notify import mail_outcome, mail_refusal
from spark_etl.runner.options import Options, asked_format, parse_options
from spark_etl.runner.ownership import refuse_foreign, unclaimed
from spark_etl.runner.plan import make_plan
from spark_etl.runner.report.events import LogFormat
from spark_etl.runner.report.logs import log_as_events
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.run import Outcome, run_plan
from spark_etl.runner.signals import raise_on_signals
from spark_etl.units import format_duration
from spark_etl.user_code import guard_user_code, no_hard_exit

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the pipeline a command line asks for and returns the exit code: 0, 2, 5 or 130."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    progress = Progress(log_format=asked_format(arguments))
    try:
        with raise_on_signals(), no_hard_exit(), _logged(progress, asked_format(arguments)):
            return _run(parse_options(arguments), progress)
    except UsageError as error:
        progress.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        progress.line("interrupted")
        return INTERRUPTED


def _logged(progress: Progress, log_format: LogFormat) -> AbstractContextManager[None]:
    return log_as_events(progress) if log_format == "json" else nullcontext()


def _run(options: Options, progress: Progress) -> int:
    try:
        with connect_mode(options.remote), guard_user_code():
            plan = make_plan(options)
            refuse_foreign(unclaimed(plan.outputs), plan.owner, adopt=options.adopt_output)
            progress.expect(plan.order)
            outcome = run_plan(plan, progress)
    except SparkEtlError as error:
        _show(error, options, progress)
        mail_refusal(options, error, progress)
        _report(options, {"run_id": None, "path": None, "status": "refused", "error": error.message})
        return error.exit_code
    _end(options, outcome, progress)
    mail_outcome(options, plan.pipeline, outcome, progress)
    _report(options, _summary(outcome))
    if outcome.status == "interrupted":
        return INTERRUPTED
    return outcome.error.exit_code if outcome.error else 0


def _end(options: Options, outcome: Outcome, progress: Progress) -> None:
    if outcome.error:
        _show(outcome.error, options, progress)
    message = f"{outcome.status} after {format_duration(outcome.seconds)}: {outcome.paths.root}"
    progress.emit("run_ended", message, status=outcome.status, path=outcome.paths.root, seconds=outcome.seconds)
    opened = f'runs["{outcome.paths.run_id}"]'
    if outcome.status == "failed":
        progress.line(f"open it:  from spark_etl import runs; {opened}.failure")
    elif outcome.kept:
        progress.line(f"look at it:  from spark_etl import runs; run = {opened}")


def _show(error: SparkEtlError, options: Options, progress: Progress) -> None:
    if options.debug:
        progress.line("".join(traceback.format_exception(error)).rstrip())
    elif isinstance(error, FeatureError) and error.frames:
        progress.line("Traceback (the project's own frames):\n" + error.frames.rstrip())
    progress.error(error)


def _summary(outcome: Outcome) -> dict[str, object]:
    return {
        "run_id": outcome.paths.run_id,
        "path": outcome.paths.root,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "error": outcome.error.message if outcome.error else None,
    }


def _report(options: Options, summary: dict[str, object]) -> None:
    if options.json:
        sys.stdout.write(json.dumps(summary) + "\n")
        sys.stdout.flush()
