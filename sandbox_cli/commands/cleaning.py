"""What `sandbox gc` and `sandbox runs rm` share: a plan is stored, shown, asked about, and then executed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from spark_etl.printable import printable
from spark_etl.reading import Runs
from spark_etl.store import (
    GC_COLUMNS,
    GcPlan,
    GcResult,
    execute_gc,
    format_progress,
    result_lines,
    summary_lines,
    table_rows,
)

from sandbox_cli.commands.context import Call, confirm
from sandbox_cli.commands.progress import StageProgress
from sandbox_cli.console import Console, Stage
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import state

FILE = "gc-plan.json"
WHOLE = {"age", "size", "plan"}
DryRun = Annotated[bool, typer.Option("--dry-run", help="Stop after the plan; delete nothing.")]


def progress(stage: Stage) -> StageProgress:
    """Returns what shows how far a plan is, or its execution."""
    return StageProgress(stage, format_progress)


def store_plan(given: Call, plan: GcPlan) -> Path:
    """Keeps a plan in the stack's state folder, and returns where."""
    path = given.settings.state_dir / FILE
    state.write(path, plan.to_dict())
    return path


def show_plan(console: Console, plan: GcPlan, path: Path) -> None:
    """Shows the totals of a plan, then each run, and where all of it is."""
    for line in summary_lines(plan):
        console.info(printable(line, one_line=True))
    if plan.runs:
        console.table(GC_COLUMNS, table_rows(plan), whole=WHOLE)
    console.info(f"the whole plan: {path}")


def carry_out(given: Call, runs: Runs, plan: GcPlan, *, again: str, yes: bool, dry_run: bool, json: bool) -> GcResult:
    """Stores and shows a plan, asks, executes what was stored, and says what was done.

    Args:
        given: The console and the settings.
        runs: The runs that it is about.
        plan: What goes.
        again: The command that asks nothing.
        yes: Whether nothing is asked.
        dry_run: Whether it ends after the plan.
        json: Whether one JSON document is printed instead.

    Raises:
        UsageError: Without a terminal, or with JSON, it has to be said that nothing is asked.
    """
    console = given.console
    path = store_plan(given, plan)
    if not json:
        show_plan(console, plan, path)
    result = GcResult()
    if not dry_run and not plan.is_empty:
        refused = f"nothing was deleted; next: {again.removesuffix(' --yes')} --dry-run"
        question = "Delete these runs? This can't be undone."
        confirm(console, question, yes=yes, json=json, done="deleted", hint=again, refused=refused)
        with console.stage("delete") as stage:
            result = execute_gc(runs.store, _as_stored(plan, path, again), on_progress=progress(stage))
            stage.result = result_lines(result)[0]
    if json:
        console.json({"plan": plan.to_dict(), "file": str(path), "result": None if dry_run else result.to_dict()})
        return result
    for line in result_lines(result)[1:]:
        console.info(printable(line, one_line=True))
    if result.skipped:
        console.info(f"next: {again.removesuffix(' --yes')} --dry-run")
    elif dry_run and not plan.is_empty:
        console.info(f"next: {again.removesuffix(' --yes')}")
    return result


def _as_stored(plan: GcPlan, path: Path, again: str) -> GcPlan:
    """Returns the plan as it was stored.

    Raises:
        UsageError: Another command has stored another one there since it was shown.
    """
    stored = GcPlan.from_dict(state.read(path))
    if stored != plan:
        raise UsageError(
            f"{path} was replaced by the plan of another `gc` or `runs rm`. Nothing was deleted.", hint=again
        )
    return stored
