"""What to open in a browser: the hub and its services, at one address, or at one each.

See docs/adr/0016-origins-by-choice.md. Which address a user's server has, the hub's API says (`stack.hub_api`).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from sandbox_cli.settings import Settings
from sandbox_cli.stack import variables


def links(settings: Settings, ports: Mapping[str, int]) -> dict[str, str]:
    """Returns the pages of the stack, by name, and the S3 endpoint; the pages are the hub's."""
    s3 = {"s3-api": f"http://127.0.0.1:{ports['s3']}"}
    if "hub" in variables.left_out(settings):
        return s3
    port = ports["hub"]
    ui, runs, shelf = (service_origin(settings, port, name) for name in ("ui", "runs", "shelf"))
    pages = {
        page: f"{ui}/services/ui/{page}/" for page, extra in variables.PAGES.items() if extra not in settings.without
    }
    return {
        "hub": f"{variables.hub_origin(settings, port)}/",
        "runs": f"{runs}/services/runs/",
        "shelf": f"{shelf}/services/shelf/",
        **pages,
        **s3,
    }


def service_origin(settings: Settings, port: int, name: str) -> str:
    """Returns the origin of one of the hub's services; with subdomains, as hub/sandbox_hub/origins.py has it."""
    host = variables.subdomain_host(settings, port)
    if not host:
        return variables.hub_origin(settings, port)
    parsed = urlsplit(host)
    return f"{parsed.scheme}://{name}--service.{parsed.netloc}"
