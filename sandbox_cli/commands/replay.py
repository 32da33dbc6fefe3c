"""`sandbox replay RUN/FEATURE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from spark_etl.debugging.origin import Origin
from spark_etl.debugging.trust import is_imported

from sandbox_cli.commands.context import Json, call
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import session
from sandbox_cli.stack.pipelines import replay as replaying
from sandbox_cli.stack.private import replay as private

EPILOG = (
    "Exit codes: 0 same rows, or it no longer fails; 1 different rows, no rows to compare with, or what imported "
    "code left is not kept; 2 it can't be replayed like this; 5 it fails, or its time is over; 130 interrupted."
)


Replayed = Annotated[
    str,
    typer.Argument(
        metavar="RUN[/FEATURE]",
        help="A run as `runs list` shows it, or `latest`; without a feature, the one that it failed at.",
    ),
]
CodeFolder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Compute it by the code of this project; else by the run's own.")
]
Commit = Annotated[
    str | None, typer.Option(metavar="REV", help="Compute it by the code of a commit of the project's git.")
]
Requirements = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", exists=True, dir_okay=False, help="Packages, in pip's format; else those that the run had."
    ),
]
Local = Annotated[bool, typer.Option("--local", help="Spark in the driver's process, not on the cluster.")]
AllowChanged = Annotated[
    bool,
    typer.Option(
        "--allow-changed-sources", help="Read sources as they are now, even if they have changed since the run."
    ),
]
FirstDay = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="First day, if the run has not recorded it.")]
LastDay = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day, included.")]
TimeLimit = Annotated[
    int | None,
    typer.Option(
        metavar="MINUTES", min=1, help=f"How long code of an imported run may run; {private.MINUTES} if not given."
    ),
]


def replay(
    context: typer.Context,
    replayed: Replayed = "latest",
    *,
    code: CodeFolder = None,
    commit: Commit = None,
    requirements: Requirements = None,
    local: Local = False,
    allow_changed_sources: AllowChanged = False,
    start_date: FirstDay = None,
    end_date: LastDay = None,
    time_limit: TimeLimit = None,
    json: Json = False,
) -> None:
    """Compute one feature of a run again, on the rows that it had read, and compare the result.

    Nothing is published; the replay is kept as a run of its own, which `runs list --replays` shows. Code of an imported
    run is executed by local Spark in a container without the stack's secrets, on a network of its own.
    """
    given = call(context)
    found = session.running(given.console, given.settings, session.STORE)
    has_code = code is not None or commit is not None
    origin = replaying.find(found, replayed, (start_date, end_date), other_code=has_code)
    flags = {"--local": local, "--allow-changed-sources": allow_changed_sources, "--json": json}
    arguments = [flag for flag, is_given in flags.items() if is_given]
    for option, day in (("--start-date", start_date), ("--end-date", end_date)):
        arguments += [option, day] if day is not None else []
    if not is_imported(origin.run):
        _refuse_time_limit(origin, time_limit)
        session.require(found, session.CLUSTER)
    with replaying.code_of(given.settings, origin, code, commit) as other:
        what = (given.console, found, origin, other, arguments)
        if is_imported(origin.run):
            exit_code = private.replay(*what, requirements=requirements, minutes=time_limit or private.MINUTES)
        else:
            exit_code = replaying.replay(*what, requirements=requirements)
    raise typer.Exit(exit_code)


def _refuse_time_limit(origin: Origin, minutes: int | None) -> None:
    if minutes is not None:
        raise UsageError(
            f"--time-limit is for runs that were imported; {origin.run.name} was made on this stack.",
            hint=f"sandbox replay {origin.run.name}/{origin.feature}",
        )
