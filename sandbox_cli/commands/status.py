"""`sandbox status`."""

from __future__ import annotations

from typing import Annotated

import typer
from spark_etl.units import format_bytes

from sandbox_cli.commands.context import Json, call
from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.stack import disk as engine_disk
from sandbox_cli.stack import services, session
from sandbox_cli.stack.status import report


def status(
    context: typer.Context,
    *,
    disk: Annotated[
        bool, typer.Option("--disk", help="Instead: what takes how much of the disk, and of whom.")
    ] = False,
    json: Json = False,
) -> None:
    """Show which services run, and their links.

    Exit codes: 0 all well, 1 something is unhealthy, 4 the stack is not up.
    """
    given = call(context)
    stack = session.attach(given.console, given.settings)
    if disk:
        _show_disk(given.console, stack, json=json)
        return
    found = report(stack)
    if json:
        given.console.json(found)
    else:
        columns = ["service", "container", "state", "health", "memory", "since"]
        keys = ["name", *columns[1:]]
        rows = [[row[key] for key in keys] for row in [*found["services"], *found["servers"]]]
        given.console.table(columns, rows)
        given.console.data("")
        for name, link in found["links"].items():
            given.console.data(f"{name:<8} {link}")
        given.console.data(f"last run {found['last_run'] or 'none'}")
    if not found["up"]:
        raise StackError(f"The stack `{given.settings.stack}` is not up.", hint="sandbox up")
    if not found["healthy"]:
        raise typer.Exit(1)


def _show_disk(console: Console, stack: session.Session, *, json: bool) -> None:
    """Shows the parts of the disk; of a store that is down, only how large it is."""
    with_store = not services.unready(services.containers(stack.engine, stack.settings), session.STORE)
    with console.stage("disk") as stage:
        stage.update("measuring images, volumes and objects")
        found = engine_disk.measure(stack, with_store=with_store)
        stage.result = _free(found)
    if json:
        console.json(found.to_dict())
        return
    console.table(["what", "of", "size"], [[part.what, part.owner, format_bytes(part.bytes)] for part in found.parts])
    if not with_store:
        console.info("The store is down, so whose its objects are is not known: sandbox up")


def _free(found: engine_disk.DiskReport) -> str:
    if found.free is None or found.total is None:
        return "how much is free can't be seen from here"
    return f"{format_bytes(found.free)} of {format_bytes(found.total)} are free"
