"""`sandbox trust RUN`."""

from __future__ import annotations

import json
from collections.abc import Iterable

import typer
from spark_etl.debugging.trust import executes, is_trusted, owner_of, server_of
from spark_etl.debugging.trust import trust as record_trust
from spark_etl.machine import process_user
from spark_etl.printable import printable
from spark_etl.reading import Run

from sandbox_cli.commands.context import Yes, call
from sandbox_cli.commands.runs import RunName
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import session


def trust(context: typer.Context, run: RunName, *, yes: Yes = False) -> None:
    """Let the code that a run carries be executed here, though the sandbox's runner did not write it.

    Until then, code of a run below `users/`, or of one that was imported, runs in its owner's own server only. The
    trust is of that content: when the run carries another one, it has to be said again.
    """
    given = call(context)
    runs = session.running(given.console, given.settings, session.STORE).runs
    found = runs.latest() if run == "latest" else runs[run]
    owner = owner_of(found, runs.scratch)
    if owner is None or not executes(found):
        why = "the sandbox's runner has written it" if owner is None else "it carries nothing that would be executed"
        given.console.info(f"run {found.name} needs no trust: {why}")
        return
    if is_trusted(found, runs.scratch):
        given.console.info(f"run {found.name} is trusted already")
        return
    for line in _description(found, owner):
        given.console.info(line)
    if not yes and given.console.plain:
        raise UsageError("Without a terminal, nothing is trusted without --yes.", hint=f"sandbox trust {run} --yes")
    if not yes and not given.console.ask("Let it run here, with the rights of whoever replays it?"):
        raise typer.Exit(1)
    record_trust(found, runs.scratch, process_user())
    given.console.info(f"run {found.name} is trusted")


def _description(run: Run, owner: str) -> list[str]:
    """Returns what would be executed, and of whom."""
    document = run.document
    lines = [f"run {run.name}, of {'an unknown owner' if owner == 'unknown' else f'user {owner}'}, carries:"]
    code = document.code
    if code is not None and code.sha256:
        lines.append(f"  code: {code.files} files (sandbox runs show {run.name} --code)")
    lines += [f"  Spark setting: {name}={value}" for name, value in _items(document.config.get("spark"))]
    lines += [f"  feature: {name}, {json.dumps(entry)}" for name, entry in _items(document.config.get("features"))]
    lines += [f"  package: {name}" for name in document.requirements or []]
    lines += [
        f"  Spark Connect server, which gets code and token: {server}" for server in [server_of(document)] if server
    ]
    lines += [f"  would be given the environment variable {name}" for name in executes(run).get("variables", [])]
    return [printable(line, one_line=True) for line in lines]


def _items(part: object) -> Iterable[tuple[object, object]]:
    """Returns the entries of a part of a config, which anybody may have written."""
    if isinstance(part, dict):
        return part.items()
    return [("no mapping", part)] if part else []
