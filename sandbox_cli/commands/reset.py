"""`sandbox reset`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import Yes, call, confirm
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
    again = f"sandbox reset{' --images' if images else ''} --yes"
    confirm(console, "Delete all of it?", yes=yes, done="deleted", hint=again)
    teardown.reset(console, settings, engine, resources)
