"""`sandbox doctor`."""

from __future__ import annotations

import typer

from sandbox_cli.commands.context import Json, call
from sandbox_cli.stack.doctor import run_checks


def doctor(context: typer.Context, *, json: Json = False) -> None:
    """Check everything end to end: what is broken, and what is merely stopped."""
    given = call(context)
    results = run_checks(given.console, given.settings)
    all_ok = all(result.ok for result in results)
    if json:
        checks = [result.to_dict() for result in results]
        given.console.json({"stack": given.settings.stack, "ok": all_ok, "checks": checks})
    else:
        given.console.table(
            ["code", "check", "state", "what was seen"], [[r.code, r.name, r.state, r.seen or r.cause] for r in results]
        )
        for result in results:
            if not result.ok and result.fix:
                given.console.info(f"{result.code} {result.name}: {result.cause}\n  fix: {result.fix}")
    if not all_ok:
        raise typer.Exit(1)
