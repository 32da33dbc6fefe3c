"""`sandbox logs`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import call
from sandbox_cli.stack import services, session


def logs(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="A service, or user:NAME; all services if left out.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep showing new lines.")] = False,
    tail: Annotated[int, typer.Option(min=0, help="How many of the last lines of each.")] = 200,
) -> None:
    """Show the logs of the services, or of a user's server."""
    given = call(context)
    compose = session.attach(given.console, given.settings).compose
    raise typer.Exit(services.show_logs(compose, service, follow=follow, tail=tail))
