"""`sandbox status`."""

from __future__ import annotations

import typer

from sandbox_cli.commands.context import Json, call
from sandbox_cli.errors import StackError
from sandbox_cli.stack import session
from sandbox_cli.stack.status import report


def status(context: typer.Context, *, json: Json = False) -> None:
    """Show what runs, and where: 0 all well, 1 something is not, 4 the stack is not up."""
    given = call(context)
    found = report(session.attach(given.console, given.settings))
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
