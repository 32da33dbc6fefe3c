"""`sandbox open`."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from sandbox_cli.commands.context import call
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import session


def open_page(
    context: typer.Context,
    page: Annotated[str, typer.Argument(help="hub, shelf, spark, history, s3 or mail.")] = "hub",
) -> None:
    """Open a page of the stack in the browser; without a terminal, print its link."""
    given = call(context)
    links = session.running(given.console, given.settings, session.ACCOUNTS).links()
    pages = [name for name in links if name != "s3-api"]
    if page not in pages:
        raise UsageError(f"There is no page `{page}`. Known: {', '.join(pages)}.", hint="sandbox open hub")
    if given.console.plain or not webbrowser.open(links[page]):
        given.console.data(links[page])
