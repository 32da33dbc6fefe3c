"""The end of a user's server, with nothing left of it."""

from __future__ import annotations

import contextlib

from docker.errors import NotFound

from sandbox_cli.stack import services, variables
from sandbox_cli.stack.session import Session


def end_servers_elsewhere(session: Session) -> list[str]:
    """Ends the servers that were started for another address of the hub than it has now; returns their users.

    Such a server would send its visitors to the hub's old address, and be known to the hub by a new one.
    """
    prefix, origin = f"{session.settings.stack}-user-", variables.subdomain_host(session.settings, session.ports["hub"])
    ended = []
    for container in services.servers(session.engine, session.settings):
        user = str(container.name).removeprefix(prefix)
        is_running = str(container.name).startswith(prefix) and container.status == "running"
        if is_running and hub_origin_of(container.attrs["Config"]["Env"]) != origin:
            end(session, user)
            ended.append(user)
    return ended


def hub_origin_of(environment: list[str]) -> str:
    """Returns the hub's origin that a server was started with; empty where there is one address for all pages."""
    return dict(line.split("=", 1) for line in environment if "=" in line).get("JUPYTERHUB_HOST", "")


def end(session: Session, user: str) -> None:
    """Stops a user's server, if there is one, and removes its container.

    One that failed would otherwise stay, for its log, and use the home volume.
    """
    session.hub.stop_server(user)
    with contextlib.suppress(NotFound):
        session.engine.client.containers.get(f"{session.settings.stack}-user-{user}").remove(force=True)
