"""`sandbox runs list | show | verify | adopt | attach | stop | rm`."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Annotated, Any

import typer
from spark_etl.errors import RunNotFoundError
from spark_etl.reading import Run, Runs
from spark_etl.reading.commands import debug_command, debug_page, page_of_run
from spark_etl.reading.run_table import COLUMNS as FEATURE_COLUMNS
from spark_etl.reading.run_table import feature_rows

from sandbox_cli.commands import adopting, removing, running
from sandbox_cli.commands.context import Call, Json, call
from sandbox_cli.commands.progress import StageProgress, of_bytes
from sandbox_cli.commands.run_code import ShowCommand, show_code
from sandbox_cli.console import Console
from sandbox_cli.stack import session

app = typer.Typer(
    help="The runs and their checkpoints: list, show, verify, adopt, attach, stop, rm.", no_args_is_help=False
)
RunName = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, its beginning or end, its path as `list` shows it, or `latest`."),
]
COLUMNS = ["run", "team", "pipeline", "dates", "status", "seconds", "failed at"]
WHOLE = {"team", "dates", "status", "seconds"}


app.command("adopt")(adopting.adopt)
app.command("attach")(running.attach)
app.command("stop")(running.stop)
app.command("rm")(removing.remove)


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
    replays: Annotated[bool, typer.Option("--replays", help="Also replays of single features.")] = False,
    users: Annotated[bool, typer.Option(help="Also what users keep below their own prefix.")] = True,
    json: Json = False,
) -> None:
    """List the runs, newest first."""
    given, runs = _attached(context)
    found = runs.list(team=team, pipeline=pipeline, status=status, since=since, limit=limit, own=users, replays=replays)
    if json:
        given.console.json([_row(run) for run in found])
    else:
        given.console.table(COLUMNS, [run.summary() for run in found], whole=WHOLE)
        for run in found:
            if run.status == "running":
                given.console.info(f"running: {given.settings.program} runs attach {run.name}   (or stop)")
    if found.is_cut:
        given.console.info(f"the newest {len(found)}; --limit N lists more")


@app.command("show", cls=ShowCommand)
def show(
    context: typer.Context,
    run: RunName = "latest",
    *,
    code: Annotated[
        str | None,
        typer.Option(metavar="[FILE]", help="Instead, the files of its code and what was left out; a FILE: its text."),
    ] = None,
    json: Json = False,
) -> None:
    """Show one run: its features, their state, rows and seconds; for a failed run also the command that opens it."""
    given = call(context)
    stack = session.running(given.console, given.settings, session.STORE)
    found = _named(stack.runs, run)
    if code is not None:
        show_code(given.console, found, code, json=json)
    elif json:
        given.console.json(_finite(found.content | {"status": found.status, "name": found.name}))
    else:
        _show(given.console, found)
        _offer_pages(given.console, stack, found)


def _offer_pages(console: Console, stack: session.Session, run: Run) -> None:
    """Says how to open the feature that a run has failed at, and where the run's page is."""
    command, links = debug_command(run.document) if run.status == "failed" else "", stack.links()
    if command:
        console.info(f"next: {command}")
    if "hub" not in links:
        return
    if command:
        console.info(f"      {debug_page(links['hub'].rstrip('/'), run.name)}")
    console.info(f"its page: {page_of_run(links['runs'], run.name)}")


def _show(console: Console, run: Run) -> None:
    """Shows a run as notebooks do; in a terminal that is too narrow for its table, with cells of several lines."""
    headline, *lines = repr(run).splitlines()
    table, notes = lines[: len(run.features) + 1], lines[len(run.features) + 1 :]
    if max(map(len, table)) <= console.width:
        console.data(repr(run))
        return
    console.data(headline)
    console.table([*FEATURE_COLUMNS], feature_rows(run.document, run.status), whole=FEATURE_COLUMNS[2:])
    for note in notes:
        console.data(note)


@app.command("verify")
def verify(
    context: typer.Context,
    run: RunName = "latest",
    *,
    json: Json = False,
) -> None:
    """Check that a run's files have not changed since it wrote them: sizes, ETags, footers, rows, page checksums.

    Exit code 1 if a file is missing, has changed, or can't be read.
    """
    given, runs = _attached(context)
    found = _named(runs, run)
    with given.console.stage("verify") as stage:
        result = found.verify(on_progress=StageProgress(stage, of_bytes))
        stage.result = "whole" if result.whole else "changed since it was written"
    if json:
        given.console.json(result.to_dict())
    else:
        given.console.data(repr(result))
    if not result.whole:
        raise typer.Exit(1)


def _finite(value: Any) -> Any:
    """Returns a document without the numbers that JSON lacks, which a parameter of a project may be: as text."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _named(runs: Runs, name: str) -> Run:
    return runs.latest() if name == "latest" else runs[name]


def _row(run: Run) -> dict[str, object]:
    """Returns what a script gets of a run; the document is not read for it where the index knows enough."""
    known = {
        "run_id": run.id,
        "kind": run.kind,
        "name": run.name,
        "team": run.team,
        "pipeline": run.pipeline,
        "status": run.status,
    }
    start, _, end = run.dates.partition("..")
    started = run.started
    if not started:  # marks of earlier versions lack it
        with suppress(RunNotFoundError):
            started = run.document.started
    dates = {"start_date": start, "end_date": end or start, "started": started, "seconds": run.seconds}
    return {**known, **dates, "path": run.path}


def _attached(context: typer.Context) -> tuple[Call, Runs]:
    given = call(context)
    return given, session.running(given.console, given.settings, session.STORE).runs
