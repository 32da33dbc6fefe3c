"""`sandbox gc`."""

from __future__ import annotations

from typing import Annotated

import typer
from spark_etl.store import KEEP_LAST, OLDER_THAN, GcOptions, parse_age, plan_gc
from spark_etl.units import format_count

from sandbox_cli.commands.cleaning import DryRun, carry_out, progress
from sandbox_cli.commands.context import Json, Yes, call
from sandbox_cli.stack import session


def gc(
    context: typer.Context,
    *,
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="Only runs that started longer ago: 14d, 12h, 2w.")
    ] = OLDER_THAN,
    keep_last: Annotated[int, typer.Option(min=0, help="Keep the N newest ended runs of each pipeline.")] = KEEP_LAST,
    users: Annotated[bool, typer.Option("--users", help="Also users' own runs, below `users/`.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Delete old runs that nothing needs, and leftovers of killed runs. Shows a plan first, and asks.

    A run stays while it is running, publishing, pinned by a shared notebook, reused or replayed by a run that stays, or
    is the newest success of its pipeline.
    """
    given = call(context)
    options = GcOptions(parse_age(older_than), keep_last, users)
    runs = session.running(given.console, given.settings, session.STORE).runs
    with given.console.stage("plan") as stage:
        plan = plan_gc(runs.store, options, on_progress=progress(stage))
        stage.result = f"{format_count(len(plan.runs), 'run')} looked at"
    words = ["sandbox gc", f"--older-than {older_than}", f"--keep-last {keep_last}", *["--users"] * users, "--yes"]
    carry_out(given, runs, plan, again=" ".join(words), yes=yes, dry_run=dry_run, json=json)
