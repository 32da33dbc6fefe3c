"""`spark-etl diff`: how two runs differ, and why; no Spark is needed, but for `--compute`."""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import Namespace
from pathlib import Path

from spark_etl.compare.request import DiffRequest, absolute, compare, local_scratch
from spark_etl.compare.runs import RunDiff
from spark_etl.compare.show import Commands, check_target, run_page, run_text, write_page
from spark_etl.debugging.computed import compute_missing
from spark_etl.printable import printable_json
from spark_etl.reading import Runs
from spark_etl.runner.options import scratch_path, split_names
from spark_etl.runner.report.progress import PeriodicProgress, Progress
from spark_etl.runner.report.terminal import terminal_columns
from spark_etl.units import format_count, format_duration


def diff_command(arguments: Namespace, progress: Progress) -> int:
    """Compares two runs, prints how they differ, and returns 0, 1 or 2: same, different, can't be compared.

    Raises:
        SparkEtlError: They can't be compared; never one whose exit code is 1.
    """
    page = Path(arguments.html) if arguments.html else None
    if page:
        check_target(page)
    request = DiffRequest(
        absolute(arguments.run_a),
        absolute(arguments.run_b),
        arguments.feature,
        split_names(arguments.keys),
        arguments.tolerance,
    )
    arguments.scratch_path = arguments.scratch_path or local_scratch(request.a, request.b)
    scratch = scratch_path(arguments)
    started = time.monotonic()
    compute = compute_missing if arguments.compute else None
    diff = compare(Runs(scratch), request, compute=compute, on_progress=PeriodicProgress(progress, _compared))
    took = format_duration(time.monotonic() - started)
    progress.line(f"compared {format_count(len(diff.features), 'feature')} in {took}")
    commands = Commands(
        "spark-etl",
        _scratch_options(arguments),
        request.feature or "",
        request.options,
        shows_runs=False,
        computes=compute is not None,
    )
    _show(diff, commands, as_json=arguments.json)
    if page:
        made = commands.diff(diff, *(["--compute"] if arguments.compute else []))
        write_page(page, run_page(diff, commands=commands, made=made))
        progress.line(f"written: {page}")
    return diff.exit_code


def _show(diff: RunDiff, commands: Commands, *, as_json: bool) -> None:
    text = run_text(diff, width=terminal_columns(sys.stdout), commands=commands)
    shown = printable_json(json.dumps(diff.to_dict(), default=str)) if as_json else text
    try:
        sys.stdout.write(f"{shown}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # of `| head`, or of a pager that was left: no answer of this command
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _scratch_options(arguments: Namespace) -> tuple[str, ...]:
    """Returns what another command needs to find the same runs."""
    if arguments.scratch_path:
        return ("--scratch-path", str(arguments.scratch_path))
    return () if os.environ.get("SANDBOX_SCRATCH") and not arguments.local else ("--scratch-path", ".spark-etl/scratch")


def _compared(feature: str, done: int, total: int) -> str:
    return f"{feature}: {done:,} of {format_count(total, 'feature')} compared"
