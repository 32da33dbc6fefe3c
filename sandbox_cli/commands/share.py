"""`sandbox share NOTEBOOK`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import Json, call, renamed
from sandbox_cli.stack import session
from sandbox_cli.stack.hub import sharing, users

DOES_NOT_REPRODUCE = "does not reproduce"


def share(
    context: typer.Context,
    notebook: Annotated[str, typer.Argument(help="Its path as JupyterLab shows it, or a file of this machine.")],
    *,
    user: Annotated[str | None, typer.Option(help="Its author; else `engineer`.")] = None,
    json: Json = False,
) -> None:
    """Share a notebook with the team: run it again in a fresh server, and put it on the shelf with the verdict.

    Exit code 1: it does not reproduce what its author had. It is still put on the shelf, and its page says so.
    """
    given = call(context)
    found = session.running(given.console, given.settings, (*session.CLUSTER, "hub"))
    author = users.resolve_user(found, user)
    with given.console.stage("share") as stage:
        result = sharing.share(found, stage, author, notebook)
        stage.result = f"{result['author']}/{result['name']} v{result['version']}: {result['verdict']}"
    if json:
        given.console.json(result)
    else:
        for line in result["why"]:
            given.console.info(f"  {line}")
        withdraw = f"sandbox unshare {result['author']}/{result['name']} --version {result['version']}"
        given.console.info(f"  everybody with an account on this hub can see it; withdraw: `{withdraw}`")
        given.console.data(result["link"])
    if result["verdict"] == DOES_NOT_REPRODUCE:
        raise typer.Exit(1)


publish = renamed(share, "share")  # its name until notebooks were "shared"; scripts may still use it
