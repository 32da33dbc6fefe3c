"""`sandbox unshare AUTHOR/NAME`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import Json, Yes, call, renamed
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import session
from sandbox_cli.stack.hub import sharing


def unshare(
    context: typer.Context,
    notebook: Annotated[str, typer.Argument(help="AUTHOR/NAME, as its page on the shelf is called.")],
    *,
    version: Annotated[int | None, typer.Option(min=1, help="This version; else all of them.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove a shared notebook from the team's shelf, with its files and its pins. This can't be undone."""
    given = call(context)
    author, slash, name = notebook.strip("/").partition("/")
    if not (author and slash and name) or "/" in name:
        raise UsageError(
            f"`{notebook}` is no notebook on the shelf: it is AUTHOR/NAME.",
            hint="sandbox open shelf",
        )
    found = session.running(given.console, given.settings, ("minio", "hub"))
    which = f"version {version}" if version else "all versions"
    if not yes and not given.console.ask(f"Delete {which} of `{author}/{name}` from the shelf? This can't be undone."):
        raise typer.Exit(1)
    removed = sharing.unshare(found, author, name, version)
    if json:
        given.console.json({"author": author, "name": name, "withdrawn": removed})
    else:
        versions = ", ".join(f"v{number}" for number in removed)
        given.console.info(f"{author}/{name}: {versions} off the shelf")


unpublish = renamed(unshare, "unshare")  # its name until notebooks were "shared"; scripts may still use it
