"""`sandbox runs attach | stop`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import call
from sandbox_cli.stack import session
from sandbox_cli.stack.pipelines import running

RunName = Annotated[str, typer.Argument(metavar="[RUN]", help="A running run's id, its end, or `latest`.")]


def attach(
    context: typer.Context,
    run: RunName = "latest",
    *,
    tail: Annotated[int | None, typer.Option(min=0, help="Only so many of the lines until now; default: all.")] = None,
) -> None:
    """Show the output of a running run, to its end, and exit with its code. Ctrl-C leaves it running."""
    given = call(context)
    found = session.running(given.console, given.settings, session.STORE)
    at_work = running.find(found, run)
    given.console.info(f"attached to run {at_work.run.name}")
    try:
        code = running.attach(found, at_work, tail=tail)
    except KeyboardInterrupt:
        given.console.info(f"the run goes on; to end it: {given.settings.program} runs stop {at_work.run.name}")
        raise
    raise typer.Exit(code)


def stop(context: typer.Context, run: RunName = "latest") -> None:
    """Stop a running run, as Ctrl-C does, and wait until it has ended."""
    given = call(context)
    found = session.running(given.console, given.settings, session.STORE)
    at_work = running.find(found, run)
    with given.console.stage("stop") as stage:
        stage.update(f"run {at_work.run.name}")
        status = running.stop(at_work)
        stage.result = f"run {at_work.run.name}: {status}"
