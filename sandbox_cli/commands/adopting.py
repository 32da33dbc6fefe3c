"""`sandbox runs adopt`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from spark_etl.printable import printable
from spark_etl.reading import Run
from spark_etl.reading.commands import page_of_run

from sandbox_cli.commands.context import Json, call
from sandbox_cli.commands.progress import StageProgress
from sandbox_cli.stack import session

Feature = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME[=FOLDER]",
        help="A feature: `a`, or `a,b`, each in the folder of its name, or `a=sub/folder`. May be repeated.",
    ),
]
StartDate = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="First day it is about; a replay needs it.")]
EndDate = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day; by default the first.")]
Failed = Annotated[
    str | None, typer.Option(metavar="FEATURE", help="The feature that failed in production, which has no rows.")
]


def adopt(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="Where the Parquet lies: s3a://bucket/prefix.")],
    *,
    feature: Feature = None,
    pipeline: Annotated[str | None, typer.Option(help="Of which pipeline; by default the last part of PREFIX.")] = None,
    team: Annotated[str | None, typer.Option(help="Whose run it becomes; by default `sandbox`.")] = None,
    into: Annotated[str | None, typer.Option(metavar="RUN", help="Add the features to an adopted run.")] = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
    failed: Failed = None,
    json: Json = False,
) -> None:
    """Make a run from Parquet that other programs wrote. You then read it like any run.

    Nothing is written beside the data: manifests and the run's own documents lie in the scratch bucket.
    """
    given = call(context)
    # With the runner's S3 user, as all runs of teams: it may write the scratch bucket. Nothing more is needed.
    stack = session.running(given.console, given.settings, session.STORE)
    with given.console.stage("adopt") as stage:
        run = stack.runs.adopt(
            prefix,
            feature or [],
            pipeline=pipeline,
            team=team,
            into=into,
            start_date=start_date,
            end_date=end_date,
            failed=failed,
            command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            on_progress=StageProgress(stage, lambda done, total: f"{done:,} of {total:,} footers"),
        )
        stage.result = printable(f"run {run.name}", one_line=True)
    if json:
        given.console.json(adopted_row(run))
        return
    given.console.data(repr(run))
    first = next(iter(run.checkpoints))
    if "runs" in stack.links():
        given.console.info(f"its page: {page_of_run(stack.links()['runs'], run.name)}")
    given.console.info(f'in a notebook: runs["{run.name}"]["{first}"].head()')
    if failed:
        given.console.info(f"test a fix: sandbox replay {run.name}/{failed} --code DIR")


def adopted_row(run: Run) -> dict[str, object]:
    """Returns what a script gets of an adopted run."""
    features = {name: {"state": known.state, "rows": known.rows} for name, known in run.features.items()}
    return {"run_id": run.id, "name": run.name, "path": run.path, "status": run.status, "features": features}
