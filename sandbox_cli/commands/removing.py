"""`sandbox runs rm`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Annotated

import typer
from spark_etl.printable import printable
from spark_etl.store import GcPlan, PlannedRun, plan_removal, why_planned

from sandbox_cli.commands.cleaning import DryRun, carry_out, progress
from sandbox_cli.commands.context import Json, Yes, call
from sandbox_cli.errors import SandboxError
from sandbox_cli.stack import session

RunNames = Annotated[
    list[str],
    typer.Argument(metavar="RUN", help="Runs: an id, its beginning or end, a path as `list` shows it, or `latest`."),
]
WAYS_OUT: dict[str, Callable[[PlannedRun], str]] = {
    "running": lambda run: f"sandbox runs stop {shlex.quote(run.name)}",
    "publishing": lambda _: "start a run of the same pipeline: it ends what this one has begun",
    "pinned": lambda run: f"sandbox unshare {shlex.quote('/'.join(run.by[0].split('/')[:2]))}",
    "reused": lambda run: f"sandbox runs rm {shlex.quote(run.name)} {shlex.quote(run.by[0])}",
    "origin of a replay": lambda run: f"sandbox runs rm {shlex.quote(run.name)} {shlex.quote(run.by[0])}",
}


def remove(
    context: typer.Context, run: RunNames, *, dry_run: DryRun = False, yes: Yes = False, json: Json = False
) -> None:
    """Delete runs and their checkpoints. Shows them first. If one of them is needed, none is deleted.

    A run is needed while it is running, publishing, pinned by a shared notebook, or reused or replayed by a run that is
    not named with it.
    """
    given = call(context)
    runs = session.running(given.console, given.settings, session.STORE).runs
    named = [runs.latest() if name == "latest" else runs[name] for name in run]
    with given.console.stage("plan") as stage:
        plan = plan_removal(runs.store, [each.stored for each in named], on_progress=progress(stage))
    if plan.staying:
        raise _refused(plan)
    again = shlex.join(["sandbox", "runs", "rm", *run, "--yes"])
    result = carry_out(given, runs, plan, again=again, yes=yes, dry_run=dry_run, json=json)
    if result.skipped:
        raise typer.Exit(1)


def _refused(plan: GcPlan) -> SandboxError:
    """Returns what keeps some of the runs, and how the first of them can go."""
    lines = [printable(f"run {run.name} stays: {why_planned(run)}", one_line=True) for run in plan.staying]
    first = plan.staying[0]
    hint = WAYS_OUT[first.reason](first)
    return SandboxError("\n".join([f"Nothing is deleted. {lines[0]}", *lines[1:]]), hint=printable(hint, one_line=True))
