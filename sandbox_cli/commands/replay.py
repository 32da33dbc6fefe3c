"""`sandbox replay RUN/FEATURE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from spark_etl.debugging.trust import is_imported

from sandbox_cli.commands.context import Json, call
from sandbox_cli.stack import session
from sandbox_cli.stack.pipelines import replay as replaying
from sandbox_cli.stack.private import replay as private

EPILOG = (
    "Exit codes: 0 same rows, or it no longer fails; 1 other rows, or none to compare with; 2 it can't be replayed so; "
    "5 it fails; 130 interrupted."
)


def replay(
    context: typer.Context,
    replayed: Annotated[
        str,
        typer.Argument(
            metavar="RUN[/FEATURE]",
            help="A run as `runs list` shows it, or `latest`; without a feature, the one that it failed at.",
        ),
    ] = "latest",
    *,
    code: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Compute it by the code of this project; else by the run's own.")
    ] = None,
    commit: Annotated[
        str | None, typer.Option(metavar="REV", help="Compute it by the code of a commit of the project's git.")
    ] = None,
    requirements: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, help="Packages, in pip's format; else those that the run had."
        ),
    ] = None,
    local: Annotated[bool, typer.Option("--local", help="Spark in the driver's process, not on the cluster.")] = False,
    allow_changed_sources: Annotated[
        bool,
        typer.Option("--allow-changed-sources", help="Read sources as they are now, though the run had read others."),
    ] = False,
    start_date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="First day, of a run that does not say it.")
    ] = None,
    end_date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day, included.")] = None,
    json: Json = False,
) -> None:
    """Compute one feature of a run again, on what it had read, and say how the result compares.

    Nothing is published; the replay is kept as a run of its own, which `runs list --replays` shows. Code of an imported
    run is executed by local Spark in a container without the stack's secrets, on a network of its own.
    """
    given = call(context)
    found = session.running(given.console, given.settings, session.STORE)
    has_code = code is not None or commit is not None
    origin = replaying.find(found, replayed, (start_date, end_date), other_code=has_code)
    if not is_imported(origin.run):
        session.require(found, session.CLUSTER)
    arguments = ["--local"] * local + ["--allow-changed-sources"] * allow_changed_sources + ["--json"] * json
    for name, value in (("--start-date", start_date), ("--end-date", end_date)):
        arguments += [name, value] if value is not None else []
    replay_in_place = private.replay if is_imported(origin.run) else replaying.replay
    with replaying.code_of(given.settings, origin, code, commit) as other:
        exit_code = replay_in_place(given.console, found, origin, other, arguments, requirements=requirements)
    raise typer.Exit(exit_code)
