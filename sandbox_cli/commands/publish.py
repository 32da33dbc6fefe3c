"""`sandbox publish NOTEBOOK`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import Json, call
from sandbox_cli.stack import session
from sandbox_cli.stack.hub import publication, users

DOES_NOT = "does not reproduce"


def publish(
    context: typer.Context,
    notebook: Annotated[str, typer.Argument(help="Its path as JupyterLab shows it, or a file of this machine.")],
    *,
    user: Annotated[str | None, typer.Option(help="Its author; else `engineer`.")] = None,
    json: Json = False,
) -> None:
    """Put a notebook on the team's shelf: run it again in a fresh server, stamp it, keep its evidence.

    Exit code 1: it came out otherwise than its author had it. It is on the shelf all the same, and says so.
    """
    given = call(context)
    found = session.running(given.console, given.settings, (*session.CLUSTER, "hub"))
    author = users.resolve_user(found, user)
    with given.console.stage("publish") as stage:
        outcome = publication.publish(found, stage, author, notebook)
        stage.result = f"{outcome['author']}/{outcome['name']} v{outcome['version']}: {outcome['verdict']}"
    if json:
        given.console.json(outcome)
    else:
        for line in outcome["why"]:
            given.console.info(f"  {line}")
        given.console.data(outcome["link"])
    if outcome["verdict"] == DOES_NOT:
        raise typer.Exit(1)
