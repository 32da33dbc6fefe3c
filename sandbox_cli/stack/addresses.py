"""Where browsers find the hub and its services: at one address, or at one each (docs/adr/0016-origins-by-choice.md).

Which one a user's server has, the hub tells; see `sandbox_cli.stack.hub.api`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox_cli.settings import Settings
from sandbox_cli.stack import variables


def hub(settings: Settings, port: int) -> str:
    """Returns the origin at which a browser finds the hub, which has that port on 127.0.0.1."""
    return variables.subdomain_host(settings, port) or f"http://127.0.0.1:{port}"


def service(settings: Settings, port: int, name: str) -> str:
    """Returns the origin of one of the hub's services; with subdomains, as hub/sandbox_hub/origins.py has it."""
    host = variables.subdomain_host(settings, port)
    if not host:
        return hub(settings, port)
    told = urlsplit(host)
    return f"{told.scheme}://{name}--service.{told.netloc}"
