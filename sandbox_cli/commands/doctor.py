"""`sandbox doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from sandbox_cli.commands.context import Json, call
from sandbox_cli.stack.doctor import CHECK_NAMES, run_checks

NAMES = ", ".join(CHECK_NAMES)


def doctor(
    context: typer.Context,
    checks: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECK", help=f"Run only these checks, and those that they need: {NAMES}."),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Check every part of the stack: name what is broken or stopped, and how to fix it."""
    given = call(context)
    results = run_checks(given.console, given.settings, checks or ())
    all_ok = all(result.ok for result in results)
    if json:
        found = [result.to_dict() | {"fix": given.console.as_typed(result.fix)} for result in results]
        given.console.json({"stack": given.settings.stack, "ok": all_ok, "checks": found})
    else:
        given.console.table(
            ["code", "check", "state", "what was seen"], [[r.code, r.name, r.state, r.seen or r.cause] for r in results]
        )
        for result in results:
            if not result.ok and result.fix:
                fix = given.console.hint(result.fix, indent=7)
                given.console.info(f"{result.code} {result.name}: {result.cause}\n  fix: {fix}")
    if not all_ok:
        raise typer.Exit(1)
