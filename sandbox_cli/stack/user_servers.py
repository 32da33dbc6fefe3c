"""The end of a user's server, with nothing left of it."""

from __future__ import annotations

import contextlib

from docker.errors import NotFound

from sandbox_cli.stack.session import Session


def end(session: Session, user: str) -> None:
    """Stops a user's server, if there is one, and removes its container.

    One that did not end well would stay for its log, which nobody will ask for, and hold the home.
    """
    session.hub.stop_server(user)
    with contextlib.suppress(NotFound):
        session.engine.client.containers.get(f"{session.settings.stack}-user-{user}").remove(force=True)
