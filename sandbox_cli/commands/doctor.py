"""`sandbox doctor`."""

from __future__ import annotations

import typer

from sandbox_cli.commands.context import Json, call
from sandbox_cli.stack.doctor import examine


def doctor(context: typer.Context, *, json: Json = False) -> None:
    """Walk the way end to end, and tell what is broken from what is merely stopped."""
    given = call(context)
    hops = examine(given.console, given.settings)
    well = all(hop.ok for hop in hops)
    if json:
        given.console.json({"stack": given.settings.stack, "ok": well, "hops": [hop.json() for hop in hops]})
    else:
        given.console.table(
            ["code", "hop", "state", "what was seen"], [[h.code, h.name, h.state, h.seen or h.cause] for h in hops]
        )
        for hop in hops:
            if not hop.ok and hop.fix:
                given.console.info(f"{hop.code} {hop.name}: {hop.cause}\n  fix: {hop.fix}")
    if not well:
        raise typer.Exit(1)
