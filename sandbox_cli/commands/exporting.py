"""`sandbox export RUN FILE`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from spark_etl.bundles.export import (
    Exported,
    ExportPlan,
    ExportRequest,
    export_run,
    plan_export,
    refuse_unmasked,
    run_to_export,
    sample_of,
)
from spark_etl.runner.options import split_names
from spark_etl.units import format_bytes, format_count

from sandbox_cli import __version__
from sandbox_cli.commands.context import Call, Json, call
from sandbox_cli.commands.progress import StageProgress, of_bytes
from sandbox_cli.stack import session
from sandbox_cli.stack.images import inventory

EPILOG = (
    "Exit codes: 0 done; 1 you said no; 2 wrong usage, or something is missing or unmasked; 3 no engine; 4 the "
    "stack is not up; 5 the store does not answer; 130 interrupted."
)


RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run as `runs list` shows it, or `latest`.")]
Target = Annotated[Path, typer.Argument(metavar="FILE", help="The bundle; it must not be there yet.")]
Features = Annotated[
    list[str] | None,
    typer.Option(
        metavar="a,b",
        help="Only their rows, and what a replay of them reads. Default: all that was kept, and what a replay of "
        "the failed feature reads.",
    ),
]
Fraction = Annotated[str | None, typer.Option(metavar="FRACTION", help="Only the rows of a share of the keys: 0.01.")]
KeyColumn = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column of the keys. Default: the config's `sample_key`.")
]
Keys = Annotated[str | None, typer.Option(metavar="FILE", help="Only the rows of the keys in a CSV or Parquet file.")]
AllowMissing = Annotated[
    bool, typer.Option("--allow-missing", help="Export also if something is missing. The bundle lists it.")
]
YesUnmasked = Annotated[
    bool, typer.Option("--yes-unmasked", help="Export what looks personal or secret without masking it. Ask nothing.")
]


def export(
    context: typer.Context,
    run: RunName,
    file: Target,
    *,
    feature: Features = None,
    sample: Fraction = None,
    sample_key: KeyColumn = None,
    keys: Keys = None,
    allow_missing: AllowMissing = False,
    yes_unmasked: YesUnmasked = False,
    json: Json = False,
) -> None:
    """Write a run into one file: its rows, its inputs, config, code and log. Nothing is masked."""
    given = call(context)
    stack = session.running(given.console, given.settings, session.STORE)
    found = run_to_export(stack.runs, run)
    with given.console.stage("look", live=False):
        rows = sample_of(found, sample, sample_key, keys)
        plan = plan_export(found, ExportRequest(file, split_names(feature or ()), rows, allow_missing))
    for line in plan.lines():
        given.console.info(line)
    if not yes_unmasked:
        _ask(given, plan, as_json=json)
    done = _write(given, stack, plan)
    if json:
        given.console.json(done.to_dict())
    else:
        given.console.data(str(done.path))
    given.console.info(f"next: sandbox import {shlex.quote(str(done.path))}   (there)")


def _write(given: Call, stack: session.Session, plan: ExportPlan) -> Exported:
    with given.console.stage("export") as stage:
        done = export_run(
            plan,
            tool=f"sandbox {__version__}",
            images=inventory.identities(stack.engine, given.settings),
            on_progress=StageProgress(stage, of_bytes),
        )
        stage.result = f"{format_bytes(done.bytes)}, {format_count(len(done.info.members), 'member')}"
    for note in done.notes:
        given.console.info(f"note: {note}")
    return done


def _ask(given: Call, plan: ExportPlan, *, as_json: bool) -> None:
    """Asks whether what looks personal or secret may go along.

    Raises:
        ArgumentError: There is no terminal to ask on, or the output is JSON.
    """
    if not plan.personal:
        return
    if given.console.plain or as_json:
        command = f"sandbox export {shlex.join([plan.run.name, str(plan.request.target)])}"
        raise refuse_unmasked(plan.personal, command)
    if not given.console.ask(f"Take these {format_count(len(plan.personal), 'column')} along as they are?"):
        given.console.info(
            "nothing was written; next: the same command line with --feature F for features without them"
        )
        raise typer.Exit(1)
