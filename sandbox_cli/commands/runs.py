"""`sandbox runs list | show`."""

from __future__ import annotations

from typing import Annotated

import typer
from spark_etl.reading import Runs

from sandbox_cli.commands.context import Call, Json, call
from sandbox_cli.stack import session

app = typer.Typer(help="The runs and their checkpoints: list, show.", no_args_is_help=False)
KEYS = ("run_id", "team", "pipeline", "status", "start_date", "end_date", "started", "seconds", "path")
COLUMNS = ["run", "team", "pipeline", "dates", "status", "seconds", "failed at"]


@app.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """The runs and their checkpoints; without a verb, list them."""
    if context.invoked_subcommand is None:
        list_runs(context)


@app.command("list")
def list_runs(
    context: typer.Context,
    *,
    team: Annotated[str | None, typer.Option(help="Only this team's.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="Only of this pipeline.")] = None,
    status: Annotated[str | None, typer.Option(help="running, succeeded, failed, interrupted, died, damaged.")] = None,
    since: Annotated[str | None, typer.Option(help="A day or a moment, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    json: Json = False,
) -> None:
    """List the runs, newest first."""
    given, runs = _attached(context)
    found = runs.list(team=team, pipeline=pipeline, status=status, since=since, limit=limit)
    if json:
        given.console.json([{key: run.content.get(key) for key in KEYS} | {"status": run.status} for run in found])
    else:
        given.console.table(COLUMNS, [run.summary() for run in found])


@app.command("show")
def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's id, its end, or `latest`.")] = "latest",
    *,
    json: Json = False,
) -> None:
    """Show one run: its features, their state, rows and seconds."""
    given, runs = _attached(context)
    found = runs.latest() if run == "latest" else runs[run]
    if json:
        given.console.json(found.content | {"status": found.status})
    else:
        given.console.data(repr(found))


def _attached(context: typer.Context) -> tuple[Call, Runs]:
    given = call(context)
    return given, session.running(given.console, given.settings, session.STORE).runs
