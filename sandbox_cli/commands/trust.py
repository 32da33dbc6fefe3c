"""`sandbox trust RUN`."""

from __future__ import annotations

import shlex

import typer
from spark_etl.debugging.carried import describe
from spark_etl.debugging.trust import executes, is_imported, is_trusted, owner_of
from spark_etl.debugging.trust import trust as record_trust
from spark_etl.machine import process_user
from spark_etl.reading import Run

from sandbox_cli.commands.context import Yes, call, confirm
from sandbox_cli.commands.runs import RunName
from sandbox_cli.stack import session


def trust(context: typer.Context, run: RunName, *, yes: Yes = False) -> None:
    """Allow the code of a run to be executed here: a user wrote the run, or it was imported.

    Until then, code of a run below `users/`, or of one that was imported, runs in its owner's own server only. The
    trust holds for exactly this content. If the content changes, trust it again.
    """
    given = call(context)
    runs = session.running(given.console, given.settings, session.STORE).runs
    found = runs.latest() if run == "latest" else runs[run]
    owner = owner_of(found, runs.scratch)
    if owner is None or not executes(found):
        why = "the sandbox's runner has written it" if owner is None else "it carries nothing that would be executed"
        given.console.info(f"run {found.name} needs no trust: {why}")
        given.console.info(_next_of(found))
        return
    if is_trusted(found, runs.scratch):
        given.console.info(f"run {found.name} is trusted already")
        given.console.info(_next_of(found))
        return
    for line in describe(found, owner, show=f"sandbox runs show {found.name} --code"):
        given.console.info(line)
    where = "in a container of its own" if is_imported(found) else "with the rights of whoever replays it"
    confirm(
        given.console,
        f"Let it run here, {where}?",
        yes=yes,
        done="trusted",
        hint=f"sandbox trust {run} --yes",
        refused=f"run {found.name} is not trusted; next: sandbox runs show {found.name} --code",
    )
    record_trust(found, runs.scratch, process_user())
    given.console.info(f"run {found.name} is trusted")
    given.console.info(_next_of(found))


def _next_of(run: Run) -> str:
    """Returns the command that a trusted run is executed with."""
    feature = run.error.feature if run.error and run.error.feature in run.features else "FEATURE"
    return f"next: sandbox replay {shlex.quote(f'{run.name}/{feature}')}"
