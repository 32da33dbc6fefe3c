"""`spark-etl gc`: the clean-up of a scratch path, in a bucket of one's own or in a folder; no Spark is needed."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping

from spark_etl.errors import ArgumentError
from spark_etl.printable import printable, printable_json
from spark_etl.reading.tables import text_table
from spark_etl.runner.report.progress import PeriodicProgress, Progress
from spark_etl.store import (
    GC_COLUMNS,
    GcOptions,
    GcPlan,
    RunStore,
    execute_gc,
    format_progress,
    parse_age,
    plan_gc,
    result_lines,
    summary_lines,
    table_rows,
)

NO = 1


def gc_command(arguments: Namespace, scratch: str, progress: Progress) -> int:
    """Plans, shows, asks, deletes, and returns the exit code.

    Args:
        arguments: The command line.
        scratch: Below which the runs are, normalised.
        progress: Where it says how far it is.

    Raises:
        ArgumentError: An option is wrong, or nobody can be asked.
    """
    options = GcOptions(parse_age(arguments.older_than), _number(arguments.keep_last), arguments.users)
    store = RunStore(scratch)
    shown = PeriodicProgress(progress, lambda what, done, total: f"{what}: {format_progress(done, total)}")
    plan = plan_gc(store, options, on_progress=shown)
    if not arguments.json:
        _show(plan, progress)
    if arguments.dry_run or plan.is_empty:
        _write_json(arguments, {"plan": plan.to_dict(), "result": None})
        return 0
    if not arguments.yes and not _agreed(progress):
        progress.line("nothing was deleted")
        return NO
    result = execute_gc(store, plan, on_progress=shown)
    for line in result_lines(result):
        progress.line(printable(line, one_line=True))
    _write_json(arguments, {"plan": plan.to_dict(), "result": result.to_dict()})
    return 0


def _show(plan: GcPlan, progress: Progress) -> None:
    for line in summary_lines(plan):
        progress.line(printable(line, one_line=True))
    if plan.runs:
        sys.stdout.write(f"{text_table(GC_COLUMNS, table_rows(plan))}\n")


def _agreed(progress: Progress) -> bool:
    """Asks whether what goes is to be deleted.

    Raises:
        ArgumentError: There is no terminal to ask at.
    """
    if not sys.stdin.isatty():
        raise ArgumentError(
            "without a terminal, nothing is deleted without --yes", hint="the same command line with --yes"
        )
    progress.line("Delete what goes, for good? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 9:
        raise ArgumentError(f"--keep-last {text!r} is no number of runs", hint="write it as --keep-last 3")
    return int(text)


def _write_json(arguments: Namespace, content: Mapping[str, object]) -> None:
    if arguments.json:
        sys.stdout.write(f"{printable_json(json.dumps(content, default=str))}\n")
