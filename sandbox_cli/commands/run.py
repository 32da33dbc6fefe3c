"""`sandbox run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from spark_etl.command_line import run_options

from sandbox_cli.commands.context import call
from sandbox_cli.stack import session
from sandbox_cli.stack.pipelines import submit

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}
CONFIG_OPTION = "--feature-config"  # the command's own argument
EPILOG = (
    "The runner's own options follow, as spark_etl_runner.py takes them; --start-date and --end-date are required: "
    + ", ".join(option for option in run_options() if not option.startswith(CONFIG_OPTION))
)


def run(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A feature config, anywhere on disk.")],
    *,
    requirements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Packages for driver and executors, in pip's format.")
    ] = None,
) -> None:
    """Run a pipeline on the cluster, with the runner's own options."""
    given = call(context)
    request = submit.checked(config, context.args, requirements=requirements)
    found = session.running(given.console, given.settings, session.CLUSTER)
    raise typer.Exit(submit.run(given.console, found, request))
