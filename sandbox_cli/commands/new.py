"""`sandbox new NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from spark_etl.units import format_count

from sandbox_cli.commands.context import Json, call
from sandbox_cli.stack.pipelines.new_project import make_project


def new(
    context: typer.Context,
    project: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the folder, the Python package in it, and the pipeline.")
    ],
    *,
    into: Annotated[Path, typer.Option(metavar="DIR", help="Make its folder in this one.")] = Path(),
    json: Json = False,
) -> None:
    """Make a project that runs as it is: a config, two features, a test and a little data."""
    given = call(context)
    made = make_project(project, into)
    if json:
        given.console.json(made.to_dict())
        return
    given.console.info(f"{made.folder}: {format_count(len(made.files), 'file')}; begin with README.md")
    given.console.info("next, in a stack that is up:")
    for command in made.next_commands():
        given.console.info(f"  {command}")
