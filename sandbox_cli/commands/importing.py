"""`sandbox import FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from spark_etl.bundles.imports import check_name, import_bundle
from spark_etl.machine import process_user
from spark_etl.printable import printable
from spark_etl.reading.commands import page_of_run

from sandbox_cli.commands.context import Json, call
from sandbox_cli.commands.progress import StageProgress, of_bytes
from sandbox_cli.stack import session

EPILOG = (
    "Exit codes: 0 done, or it was there; 1 the file is damaged or hostile, and nothing was written; 2 wrong usage, or "
    "another run is there; 3 no engine; 4 the stack is not up; 5 the store does not answer; 130 interrupted."
)


def import_run(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle, as `export` has written it.")],
    *,
    team: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="The team whose run it becomes; by default `imported`.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a run from a bundle. The whole bundle is checked before anything is written."""
    check_name(team)
    given = call(context)
    stack = session.running(given.console, given.settings, session.STORE)
    runs = stack.runs
    with given.console.stage("import") as stage:
        done = import_bundle(
            file,
            runs.scratch,
            runs.store.settings,
            name=team,
            by=process_user(),
            on_progress=StageProgress(stage, of_bytes),
        )
        stage.result = printable(f"run {done.run.name}", one_line=True)
    for line in done.lines():
        given.console.info(line)
    if json:
        given.console.json(done.to_dict())
        return
    given.console.data(repr(done.run))
    if "runs" in stack.links():
        given.console.info(f"its page: {page_of_run(stack.links()['runs'], done.run.name)}")
    given.console.info(f"next: sandbox runs show {done.run.name}")
    if done.run.error and done.run.error.feature in done.run.features:
        given.console.info(f"      sandbox replay {done.run.name}/{done.run.error.feature}")
