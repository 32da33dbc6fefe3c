"""`sandbox plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from spark_etl.command_line import PLAN_FORMATS

from sandbox_cli.commands.context import call
from sandbox_cli.commands.run import RESUME, RunCommand, config_and_arguments
from sandbox_cli.errors import UsageError
from sandbox_cli.stack.pipelines import planning

TEXT, JSON = "text", "json"
COMMAND_CLASS = RunCommand
EPILOG = (
    "The options of `run` follow; a team and dates are not needed. Exit codes: 0 the run would start, 2 it would be "
    "refused, 3 no engine, 4 the stack is not up where it is needed, 5 the store does not answer."
)


def plan(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG", help="A feature config, or the folder of a feature_config.yaml."),
    ] = None,
    *,
    form: Annotated[str, typer.Option("--format", metavar="|".join(PLAN_FORMATS), help="How it is printed.")] = TEXT,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    requirements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Packages that the classes import, in pip's format.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option(RESUME, metavar="[RUN]", help="What would be reused of a run, and what not, and why.")
    ] = None,
) -> None:
    """Show what a run would do with each feature, and why; nothing of it is run."""
    given = call(context)
    chosen = _checked_format(form, json=json)
    file, arguments = config_and_arguments(context, config, resume)
    request = planning.checked(file, arguments, requirements=requirements)
    raise typer.Exit(planning.plan(given.console, given.settings, request, chosen))


def _checked_format(form: str, *, json: bool) -> str:
    if form not in PLAN_FORMATS:
        raise UsageError(f"--format {form}: there is no such format. Known: {', '.join(PLAN_FORMATS)}.")
    if json and form not in {TEXT, JSON}:
        raise UsageError(f"Either --json or --format {form}, not both.")
    return JSON if json else form
