"""The stack's web pages behind the hub's login: a service of the hub, at /services/ui/NAME/.

It knows four upstreams and no others, and asks the hub who is there. In the S3 console users are signed in with S3 keys
of their own; see `sandbox_hub.gateway.console_login`.
"""

from __future__ import annotations

from pathlib import Path

import aiohttp
from jupyterhub.services.auth import HubOAuthCallbackHandler
from jupyterhub.utils import url_path_join
from tornado import web

from sandbox_hub import hub_service
from sandbox_hub.gateway.console_login import ConsoleLogins
from sandbox_hub.gateway.forwarding import LIMITS, MESSAGE_BYTES
from sandbox_hub.gateway.handler import GatewayHandler
from sandbox_hub.gateway.proxy import ProxyHandler
from sandbox_hub.gateway.upstreams import PREFIX, enabled_upstreams
from sandbox_hub.keys.s3_keys import Key, server_keys_from_env


class PageListHandler(GatewayHandler):
    """`/services/ui/`."""

    @web.authenticated
    def get(self) -> None:
        """Lists the pages."""
        self.render("index.html", upstreams=enabled_upstreams())


def console_keys(user: str) -> Key:
    """Returns temporary S3 keys of a user."""
    return server_keys_from_env().session(user)


def application(client: dict[str, aiohttp.ClientSession]) -> web.Application:
    """Returns the service."""
    logins = {
        name: ConsoleLogins(upstream.address, console_keys)
        for name, upstream in enabled_upstreams().items()
        if upstream.signs_in
    }
    return hub_service.application(
        [
            (url_path_join(PREFIX, "oauth_callback"), HubOAuthCallbackHandler),
            (PREFIX, PageListHandler),
            (rf"{PREFIX}([a-z0-9]+)(/.*)?", ProxyHandler, {"client": client, "logins": logins}),
        ],
        Path(__file__).parent / "pages",
        websocket_ping_interval=30,
        websocket_max_message_size=MESSAGE_BYTES,
    )


async def main() -> None:
    """Serves until the hub stops it."""
    client: dict[str, aiohttp.ClientSession] = {}
    timeout = aiohttp.ClientTimeout(total=None, connect=5)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(use_dns_cache=False),  # it shows logins to what has these names now
        timeout=timeout,
        auto_decompress=True,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        client["session"] = session
        await hub_service.serve(application(client), LIMITS)


if __name__ == "__main__":
    hub_service.run(main())
