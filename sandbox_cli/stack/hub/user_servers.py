"""The end of a user's server, with nothing left of it."""

from __future__ import annotations

from sandbox_cli.stack import services, variables
from sandbox_cli.stack.engine import answers
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


def with_former_secrets(session: Session) -> list[str]:
    """Returns the users whose servers have another token of Spark Connect than the stack has now."""
    prefix, token = f"{session.settings.stack}-user-", f"SANDBOX_CONNECT_TOKEN={session.secrets['spark_connect_token']}"
    running = [each for each in services.servers(session.engine, session.settings) if each.status == "running"]
    users = [each for each in running if str(each.name).startswith(prefix)]
    return [str(each.name).removeprefix(prefix) for each in users if token not in each.attrs["Config"]["Env"]]


def hub_origin_of(environment: list[str]) -> str:
    """Returns the hub's origin that a server was started with; empty where there is one address for all pages."""
    return dict(line.split("=", 1) for line in environment if "=" in line).get("JUPYTERHUB_HOST", "")


def end(session: Session, user: str) -> None:
    """Stops a user's server, if there is one, and removes its container.

    One that failed would otherwise stay, for its log, and use the home volume.
    """
    session.hub.stop_server(user)
    left = answers.container(session.engine, f"{session.settings.stack}-user-{user}")
    if left is not None:
        answers.remove(left)
