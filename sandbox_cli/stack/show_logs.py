"""What a service, or a user's server, said."""

from __future__ import annotations

import subprocess

from sandbox_cli.errors import UsageError
from sandbox_cli.stack import services
from sandbox_cli.stack.session import Session


def show(session: Session, service: str | None, *, follow: bool, tail: int) -> int:
    """Passes the logs on to stdout, and returns the exit code of who showed them.

    Raises:
        UsageError: There is no such service.
    """
    found = services.parts(session.engine, session.settings)
    others = [part.service for part in found if ":" in part.service]
    known = [*services.SERVICES, *others]
    if service is not None and service not in known:
        raise UsageError(f"Unknown service `{service}`. Known: {', '.join(known)}.", hint="sandbox status")
    if service in others:
        name = next(part.name for part in found if part.service == service)
        argv = ["docker", "logs", "--tail", str(tail), *(["--follow"] if follow else []), name]
    else:
        argv = session.compose.logs_argv(service, follow=follow, tail=str(tail))
    stderr = subprocess.STDOUT if service in others else None
    return subprocess.run(argv, env=session.compose.environment(), stderr=stderr, check=False).returncode
