"""The stack's web pages behind the hub's login: a service of the hub, at /services/ui/NAME/.

It knows four upstreams and no others, and asks the hub who is there. In the S3 console users are signed in with S3 keys
of their own; see `sandbox_hub.gateway.console_login`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from bounded_http import BoundedServer
from jupyterhub.services.auth import HubOAuthCallbackHandler
from jupyterhub.utils import url_path_join
from tornado import web

from sandbox_hub.gateway.console_login import ConsoleLogins
from sandbox_hub.gateway.forwarding import LIMITS, MESSAGE_BYTES
from sandbox_hub.gateway.handler import GatewayHandler
from sandbox_hub.gateway.proxy import ProxyHandler
from sandbox_hub.gateway.upstreams import PREFIX, enabled_upstreams
from sandbox_hub.hub_auth_cache import shorten_hub_auth_cache
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
    shorten_hub_auth_cache()
    logins = {
        name: ConsoleLogins(upstream.address, console_keys)
        for name, upstream in enabled_upstreams().items()
        if upstream.signs_in
    }
    return web.Application(
        [
            (url_path_join(PREFIX, "oauth_callback"), HubOAuthCallbackHandler),
            (PREFIX, PageListHandler),
            (rf"{PREFIX}([a-z0-9]+)(/.*)?", ProxyHandler, {"client": client, "logins": logins}),
        ],
        cookie_secret=os.urandom(32),
        template_path=str(Path(__file__).parent / "pages"),
        websocket_ping_interval=30,
        websocket_max_message_size=MESSAGE_BYTES,
        log_function=lambda handler: None,  # noqa: ARG005 - the hub's proxy is asked who was here
    )


async def main() -> None:
    """Serves until the hub stops it."""
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    client: dict[str, aiohttp.ClientSession] = {}
    timeout = aiohttp.ClientTimeout(total=None, connect=5)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(use_dns_cache=False),  # it shows logins to what has these names now
        timeout=timeout,
        auto_decompress=True,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        client["session"] = session
        server = BoundedServer(application(client), xheaders=True, limits=LIMITS)
        server.listen(address.port or 8010, address.hostname or "127.0.0.1")
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    with contextlib.suppress(KeyboardInterrupt):  # how the hub stops its services
        asyncio.run(main())
