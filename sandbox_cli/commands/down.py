"""`sandbox down`."""

from __future__ import annotations

import typer

from sandbox_cli.commands.context import Json, call
from sandbox_cli.stack import teardown
from sandbox_cli.stack.engine import connection


def down(context: typer.Context, *, json: Json = False) -> None:
    """Stop everything, users' servers included; keep all data."""
    given = call(context)
    report = teardown.down(given.console, given.settings, connection.connect(given.console, given.settings))
    if json:
        given.console.json(report)
