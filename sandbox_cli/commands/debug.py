"""`sandbox debug [RUN[/FEATURE]]`, and `sandbox debug --apply NOTEBOOK`."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from spark_etl.machine import process_user

from sandbox_cli.commands.applying import apply_edits
from sandbox_cli.commands.context import Call, Json, Yes, call
from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import session
from sandbox_cli.stack.hub import debugging, users
from sandbox_cli.stack.hub.debugging import NEW, UNCHANGED, DebugNotebook

EPILOG = (
    "Exit codes: 0 done; 1 nothing was edited, or the answer was no; 2 there is no such run or notebook, or the patch "
    "does not fit; 3 no engine; 4 the stack is not up; 130 interrupted."
)
NEEDS = ("minio", "hub")


def debug(
    context: typer.Context,
    debugged: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN[/FEATURE]",
            help="A run as `runs list` shows it, or `latest`; without a feature, the one that it failed at. "
            "Default: your newest run that failed.",
        ),
    ] = None,
    *,
    user: Annotated[str | None, typer.Option(help="In whose server; else `engineer`.")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open it in the browser, too.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Make another notebook beside one that is there.")] = False,
    apply: Annotated[
        str | None,
        typer.Option(
            metavar="NOTEBOOK",
            help="Instead, put what was edited in a debug notebook into the project: its path as JupyterLab shows it, "
            "the address of its page, or a .patch file of this machine.",
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where --apply puts it; else the project of the run, if it is here."),
    ] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Open a feature of a run, by default the failed one, in a notebook, on its real rows.

    With --apply, your edits are put into the project. The link is printed. A notebook that is there is never
    written over. Nothing of the run is executed before you run a cell.
    """
    given = call(context)
    if apply is not None:
        if debugged is not None or new or open_page:
            raise UsageError("--apply takes no run, and no --open or --new.", hint="sandbox debug --help")
        apply_edits(given, apply, user=user, project=project, yes=yes, json=json)
        return
    if project is not None or yes:
        raise UsageError("--project and --yes belong to --apply.", hint="sandbox debug --help")
    notebook = _open(given, debugged, user, new=new)
    if json:
        given.console.json(notebook.to_dict())
    else:
        _show(given.console, notebook)
    if open_page:
        _open_page(given.console, notebook.link)


def _open(given: Call, debugged: str | None, user: str | None, *, new: bool) -> DebugNotebook:
    """Writes the notebook in the user's server, unless it is there."""
    found = session.running(given.console, given.settings, NEEDS)
    who = users.resolve_user(found, user)
    origin = debugging.find(found.runs, debugged, {process_user(), who})
    with given.console.stage("debug") as stage:
        notebook = debugging.open_notebook(found, stage, who, origin, new=new)
        stage.result = f"`{notebook.feature}` of run {notebook.run}"
    return notebook


def _open_page(console: Console, link: str) -> None:
    if console.plain:
        console.info("  not opened: --open needs a terminal; the link is the line on stdout")
    else:
        webbrowser.open(link)


def _show(console: Console, notebook: DebugNotebook) -> None:
    """Says which notebook it is, and whether it was there; the link goes to stdout."""
    again = f"sandbox debug {notebook.run}/{notebook.feature} --new"
    console.info(f"  ~/{notebook.path}, in the server of {notebook.user}")
    if notebook.state == UNCHANGED:
        console.info("  it was there already, and has not changed")
    elif notebook.state != NEW:
        console.info("  it was there already, with your edits; for a fresh one:")
        console.info(f"    {again}")
    if not notebook.trusted:
        console.info("  its code is not the runner's own, so it is only shown; to let it run:")
        console.info(f"    sandbox trust {notebook.run}")
        console.info(f"    {again}")
    console.data(notebook.link)
