"""`sandbox logs`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import call
from sandbox_cli.stack import session
from sandbox_cli.stack.show_logs import show


def logs(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="A service, or user:NAME; all services if left out.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
    tail: Annotated[int, typer.Option(min=0, help="How many of the last lines of each.")] = 200,
) -> None:
    """Show what the services, or a user's server, said."""
    given = call(context)
    raise typer.Exit(show(session.attach(given.console, given.settings), service, follow=follow, tail=tail))
