"""What all of the gateway's handlers share: the hub's login, and that other sites' pages change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from jupyterhub.services.auth import HubOAuthenticated
from tornado import web

from sandbox_hub.gateway.console_login import ConsoleLogins
from sandbox_hub.gateway.forwarding import strip_hub_cookies
from sandbox_hub.gateway.upstreams import HUB_ORIGIN, PREFIX, Upstream, enabled_upstreams
from sandbox_hub.header import header
from sandbox_hub.pages import PageHandler, is_origin


class GatewayHandler(HubOAuthenticated, PageHandler):
    """A page for whoever the hub knows and allows."""

    way_back = "Other pages of this stack"

    def set_default_headers(self) -> None:
        """Lets no page of another origin frame this one, unless an upstream says something of its own about it."""
        self.set_header("X-Frame-Options", "SAMEORIGIN")

    def check_xsrf_cookie(self) -> None:
        """Lets same-origin requests through: the pages behind us don't know the hub's token."""
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            raise web.HTTPError(403, "a request from another site")
        origin = self.request.headers.get("Origin")
        if origin and not is_origin(origin, self.request.host):
            raise web.HTTPError(403, "a request from another origin")

    def get_template_namespace(self) -> dict[str, Any]:
        """Returns what the pages may call."""
        return {
            **super().get_template_namespace(),
            "hub": HUB_ORIGIN,
            "prefix": PREFIX,
            "header": header("", HUB_ORIGIN),
        }


class UpstreamHandler(GatewayHandler):
    """Talks to one of the upstreams on behalf of a user."""

    def initialize(self, client: dict[str, aiohttp.ClientSession], logins: Mapping[str, ConsoleLogins]) -> None:
        """Takes the shared HTTP client, and the logins of the upstreams that have any."""
        self._client = client
        self._logins = logins

    def _upstream(self, name: str) -> Upstream:
        found = enabled_upstreams().get(name)
        if found is None:
            raise web.HTTPError(404, "no such page in this stack")
        return found

    async def _cookies(self, name: str) -> str:
        """Returns the Cookie header for an upstream: its own login's, or what the browser has for it."""
        if name in self._logins:
            return await self._logins[name].cookie(self._client["session"], self.current_user["name"])
        return strip_hub_cookies(self.request.headers.get("Cookie", ""))
