"""`sandbox reset`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import Yes, call
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import teardown
from sandbox_cli.stack.engine import connection


def reset(
    context: typer.Context,
    *,
    images: Annotated[bool, typer.Option("--images", help="Delete the sandbox's images too.")] = False,
    yes: Yes = False,
) -> None:
    """Delete the stack and all its data, after listing it and asking."""
    given = call(context)
    console, settings = given.console, given.settings
    engine = connection.connect(console, settings)
    resources = teardown.stack_resources(engine, settings, with_images=images)
    if not resources.lines():
        console.info(f"there is nothing of the stack `{settings.stack}`")
        return
    console.info(f"This deletes from the stack `{settings.stack}`, and can't be undone:")
    for line in resources.lines():
        console.info(f"  {line}")
    if not yes and console.plain:
        raise UsageError("Without a terminal, nothing is deleted without --yes.", hint="sandbox reset --yes")
    if not yes and not console.ask("Delete all of it?"):
        console.info("nothing was deleted")
        raise typer.Exit(1)
    teardown.reset(console, settings, engine, resources)
