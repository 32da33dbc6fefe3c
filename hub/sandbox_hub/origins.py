"""An address for each user and each service, where `up --subdomains` asks for it; docs/adr/0016 says why by choice."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from jupyterhub.handlers import BaseHandler
from jupyterhub.utils import subdomain_hook_idna
from traitlets.config import Config

SERVICES = ("runs", "shelf", "ui")


@dataclass(frozen=True)
class Origins:
    """Where a browser finds the hub and its services.

    Attributes:
        hub: The hub's origin, such as `http://localhost:8000`; empty where everything is at one address.
    """

    hub: str = ""

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.hub)

    @property
    def _host(self) -> str:
        host = self._parts.hostname
        if not host:
            raise ValueError(f"SANDBOX_SUBDOMAIN_HOST: `{self.hub}` names no host; write it as http://localhost:8000")
        return host

    def service(self, name: str) -> str:
        """Returns a service's origin; empty where everything is at one address."""
        if not self.hub:
            return ""
        domain = self.domain(name, "", "service")
        return f"{self._parts.scheme}://{domain}" + (f":{self._parts.port}" if self._parts.port else "")

    def public_url(self, name: str) -> str:
        """Returns the whole address of a service; empty where everything is at one address."""
        return f"{self.service(name)}/services/{name}/" if self.hub else ""

    def domain(self, name: str, domain: str, kind: str) -> str:
        """Returns the domain of a user or a service, as JupyterHub's `subdomain_hook`."""
        del domain  # JupyterHub's idea of it, which `configure` takes away
        return subdomain_hook_idna(name, self._host, kind)

    def servers(self) -> dict[str, str]:
        """Returns more environment for users' servers: the host by which the proxy knows the shelf."""
        return {"SANDBOX_SHELF_HOST": urlsplit(self.service("shelf")).netloc} if self.hub else {}

    def configure(self, c: Config) -> None:
        """Sets JupyterHub's settings; none where everything is at one address."""
        if not self.hub:
            return
        c.JupyterHub.subdomain_host = self.hub
        c.JupyterHub.subdomain_hook = lambda name, domain, kind: self.domain(name, domain, kind)  # noqa: PLW0108
        # The cookie with the session's id would be for this domain and all below it. Browsers don't agree on whether
        # there can be one for all of `localhost`, and no user's server has to see it.
        c.JupyterHub.tornado_settings = {**c.JupyterHub.tornado_settings, "domain": ""}
        # A page of bob.sandbox.example.com could give the browser a cookie for all of sandbox.example.com.
        c.JupyterHub.cookie_host_prefix_enabled = self._parts.scheme == "https"
        handlers = [(rf"/services/{name}(?:/.*)?", Moved, {"origin": self.service(name)}) for name in SERVICES]
        c.JupyterHub.extra_handlers = handlers


class Moved(BaseHandler):
    """`/hub/services/…`, to which JupyterHub sends whoever asks for a service at the hub's own address.

    Such links were given out before the services had addresses of their own.
    """

    def initialize(self, origin: str) -> None:
        """Takes the service's origin."""
        self._origin = origin

    def get(self) -> None:
        """Sends the browser there."""
        path = str(self.request.uri).removeprefix(self.hub.base_url.rstrip("/"))
        self.redirect(self._origin + path, permanent=False)
