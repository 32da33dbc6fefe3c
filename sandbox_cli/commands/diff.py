"""`sandbox diff RUN_A RUN_B`."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from spark_etl.compare.request import DiffRequest, absolute, compare, local_scratch
from spark_etl.compare.runs.compare import Compute
from spark_etl.compare.show import Commands, check_target, run_page, run_text, write_page
from spark_etl.debugging.computed import compute_missing
from spark_etl.reading import Runs
from spark_etl.runner.options import split_names
from spark_etl.storage import is_s3
from spark_etl.units import format_count

from sandbox_cli import program
from sandbox_cli.commands.context import Call, Json, call
from sandbox_cli.commands.progress import StageProgress
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import session
from sandbox_cli.stack.pipelines import computed

EPILOG = (
    "Exit codes: 0 the same; 1 different; 2 they can't be compared, or wrong usage; 3 no engine; 4 the "
    "stack is not up; 5 the store does not answer; 130 interrupted."
)
NAMES = "A run as `runs list` shows it, its folder, `latest` or `last-success`"


@dataclass(frozen=True)
class Place:
    """Where the runs are.

    Attributes:
        runs: Finds them.
        commands: What is typed about them.
        compute: Computes rows that are missing; None: they stay missing.
    """

    runs: Runs
    commands: Commands
    compute: Compute | None = None


def diff(
    context: typer.Context,
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help=f"{NAMES}.")] = "last-success",
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help=f"{NAMES}; or a published path.")] = "latest",
    *,
    feature: Annotated[str | None, typer.Option(help="Only this one and what it reads.")] = None,
    keys: Annotated[
        list[str] | None, typer.Option(metavar="a,b", help="Columns by which two rows are the same one.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(metavar="X", help="Numbers that differ by no more than that count as equal.")
    ] = None,
    compute: Annotated[
        bool, typer.Option("--compute", help="Compute rows that were not kept, each side with its own code.")
    ] = False,
    scratch_path: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Runs of `spark-etl run --local` below this folder: no stack.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it to one HTML file, for a ticket.")] = None,
    json: Json = False,
) -> None:
    """Compare two runs: show the first features that differ, the cause, and the rows.

    Without runs, the last one that succeeded and the newest one. Nothing is started, unless --compute asks for it.
    """
    if html is not None:
        check_target(html)
    request = DiffRequest(absolute(run_a), absolute(run_b), feature, split_names(keys or ()), tolerance)
    given = call(context)
    place = _place(given, request, scratch_path, compute=compute)
    with given.console.stage("compare", live=not compute) as stage:
        progress = StageProgress(stage, lambda done, total: f"{done:,} of {format_count(total, 'feature')}")
        found = compare(place.runs, request, compute=place.compute, on_progress=progress)
        stage.result = format_count(len(found.features), "feature")
    if json:
        given.console.json(found.to_dict())
    else:
        given.console.data(run_text(found, width=given.console.width, commands=place.commands))
    if html is not None:
        made = place.commands.diff(found, *(["--compute"] if compute else []))
        write_page(html, run_page(found, commands=place.commands, made=made))
        given.console.info(f"written: {html}")
    raise typer.Exit(found.exit_code)


def _place(given: Call, request: DiffRequest, folder: Path | None, *, compute: bool) -> Place:
    """Returns where the runs are: in a folder of this machine, or in the stack's store."""
    if folder is not None and (is_s3(str(folder)) or not folder.is_dir()):
        raise UsageError(f"--scratch-path {folder}: no such folder.", hint="sandbox diff --help")
    local = str(folder.resolve()) if folder else local_scratch(request.a, request.b)
    if local is not None:
        commands = Commands(
            "spark-etl",
            ("--scratch-path", local),
            request.feature or "",
            request.options,
            shows_runs=False,
            computes=compute,
        )
        return Place(Runs(local), commands, _local_compute() if compute else None)
    found = session.running(given.console, given.settings, session.CLUSTER if compute else session.STORE)
    commands = Commands(
        program.prefix(given.settings.stack), (), request.feature or "", request.options, computes=compute
    )
    return Place(found.runs, commands, computed.compute_missing(given.console, found) if compute else None)


def _local_compute() -> Compute:
    if importlib.util.find_spec("pyspark") is None:
        raise UsageError("--compute of runs in a folder needs Spark here.", hint="spark-etl diff --help")
    return compute_missing
