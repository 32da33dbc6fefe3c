"""`spark-etl gc`: the clean-up of a scratch path, in a bucket of one's own or in a folder; no Spark is needed."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping

from spark_etl.commands.asking import is_yes
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
        ArgumentError: An option is wrong, or nobody can be asked: there is no terminal, or the output is JSON.
    """
    options = GcOptions(parse_age(arguments.older_than), _number(arguments.keep_last), arguments.users)
    store = RunStore(scratch)
    shown = PeriodicProgress(progress, lambda what, done, total: f"{what}: {format_progress(done, total)}")
    plan = plan_gc(store, options, on_progress=shown)
    if not arguments.json:
        _show(plan, progress)
    if arguments.dry_run or plan.is_empty:
        if not plan.is_empty:
            progress.line("next: the same command line without --dry-run")
        _write_json(arguments, {"plan": plan.to_dict(), "result": None})
        return 0
    question = "Delete these runs? This can't be undone."
    if not arguments.yes and not is_yes(question, _refusal(arguments), as_json=arguments.json):
        progress.line("nothing was deleted; next: the same command line with --older-than AGE or --keep-last N")
        return NO
    result = execute_gc(store, plan, on_progress=shown)
    for line in result_lines(result):
        progress.line(printable(line, one_line=True))
    if result.skipped:
        progress.line("next: the same command line once more, for what is left")
    _write_json(arguments, {"plan": plan.to_dict(), "result": result.to_dict()})
    return 0


def _show(plan: GcPlan, progress: Progress) -> None:
    for line in summary_lines(plan):
        progress.line(printable(line, one_line=True))
    if plan.runs:
        sys.stdout.write(f"{text_table(GC_COLUMNS, table_rows(plan))}\n")


def _refusal(arguments: Namespace) -> ArgumentError:
    """Returns the error of a clean-up that nobody could be asked about."""
    why = "with --json" if arguments.json else "without a terminal"
    return ArgumentError(
        f"{why}, nothing is deleted without --yes",
        hint="the same command line with --yes, or with --dry-run to see the plan",
    )


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 9:
        raise ArgumentError(f"--keep-last {text!r} is no number of runs", hint="write it as --keep-last 3")
    return int(text)


def _write_json(arguments: Namespace, content: Mapping[str, object]) -> None:
    if arguments.json:
        sys.stdout.write(f"{printable_json(json.dumps(content, default=str))}\n")
