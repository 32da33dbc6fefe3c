"""The stack's web pages behind the hub's login: a reverse proxy for HTTP and websockets, at /services/ui/NAME/.

It knows four upstreams and no others, asks the hub who is there, and forwards neither the hub's cookies nor its tokens.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import aiohttp
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from jupyterhub.utils import url_path_join
from tornado import httpserver, web
from tornado.websocket import WebSocketHandler

PREFIX = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/ui/")
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade",
}  # fmt: skip
OURS = {"host", "cookie", "authorization", "content-length", "accept-encoding"}
# What an upstream allows to pages of other origins (MailDev: everything, with credentials) is not its to allow here.
FOREIGN = "access-control-"


@dataclass(frozen=True)
class Upstream:
    """A web page of the stack.

    Attributes:
        title: What people call it.
        address: Where it answers inside the stack.
        about: What it is good for.
        keeps_prefix: Whether it knows the path it hangs under; otherwise the path is cut off.
    """

    title: str
    address: str
    about: str
    keeps_prefix: bool = False


UPSTREAMS = {
    "spark": Upstream(
        "Spark", "http://spark-master:8080", "Workers, cores, and every running application's own pages."
    ),
    "history": Upstream("Spark history", "http://spark-history:18080", "Finished applications: stages, tasks, plans."),
    "s3": Upstream("S3 console", "http://minio:9001", "Buckets and objects: published data, checkpoints, event logs."),
    "mail": Upstream("Mail", "http://mail:1080", "What the runner's --notify-email sent.", keeps_prefix=True),
}


def shown() -> dict[str, Upstream]:
    """Returns the upstreams that this stack runs."""
    names = os.environ.get("SANDBOX_UI_LINKS", ",".join(UPSTREAMS)).split(",")
    return {name: upstream for name, upstream in UPSTREAMS.items() if name in names}


def target(upstream: Upstream, name: str, path: str, query: str) -> str:
    """Returns the upstream's URL of a path below /services/ui/NAME."""
    inside = f"{PREFIX}{name}{path}" if upstream.keeps_prefix else path
    return upstream.address + (inside or "/") + (f"?{query}" if query else "")


def location(value: str, upstream: Upstream, name: str) -> str:
    """Returns a redirect of the upstream as the browser must see it: below our prefix, on our own host."""
    parts = urlsplit(value)
    own = not parts.netloc or f"{parts.scheme}://{parts.netloc}" == upstream.address
    if not own or not parts.path.startswith("/"):
        return value
    path = parts.path if parts.path.startswith(f"{PREFIX}{name}") else f"{PREFIX}{name}{parts.path}"
    return path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")


def cookies(header: str) -> str:
    """Returns a Cookie header without the hub's own cookies."""
    kept = SimpleCookie(header)
    return "; ".join(
        f"{name}={morsel.coded_value}"
        for name, morsel in kept.items()
        if not name.startswith(("jupyterhub-", "service-", "_xsrf"))
    )


def passed_on(header: str) -> bool:
    """Tells whether a header of an upstream's answer reaches the browser."""
    name = header.lower()
    return name not in HOP_BY_HOP | {"content-length", "content-encoding"} and not name.startswith(FOREIGN)


class Guarded(HubOAuthenticated, web.RequestHandler):
    """A page for whoever the hub knows and allows."""

    def check_xsrf_cookie(self) -> None:
        """Lets same-origin requests through: the pages behind us don't know the hub's token."""
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            raise web.HTTPError(403, "a request from another site")
        origin = self.request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != self.request.host:
            raise web.HTTPError(403, "a request from another origin")

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Writes a page that says what is wrong."""
        del kwargs
        self.finish(f"<!doctype html><title>{status_code}</title><p>{status_code} {self._reason}</p>")


class IndexHandler(Guarded):
    """`/services/ui/`."""

    @web.authenticated
    def get(self) -> None:
        """Lists the pages."""
        self.render("index.html", upstreams=shown(), prefix=PREFIX)


class ProxyHandler(Guarded, WebSocketHandler):
    """`/services/ui/NAME/…`: HTTP, or a websocket where one is asked for."""

    def initialize(self, client: dict[str, aiohttp.ClientSession]) -> None:
        """Takes the shared HTTP client."""
        self._client = client
        self._upstream_socket: aiohttp.ClientWebSocketResponse | None = None

    @web.authenticated
    async def get(self, name: str, path: str) -> None:
        """Forwards a request, or opens a websocket."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            await self._forward(name, path)
            return
        self._name, self._path = name, path
        await super().get(name, path)

    @web.authenticated
    async def _any(self, name: str, path: str) -> None:
        await self._forward(name, path)

    head = post = put = patch = delete = options = _any

    async def _forward(self, name: str, path: str) -> None:
        upstream = self._upstream(name)
        if not path:
            self.redirect(f"{PREFIX}{name}/", permanent=False)
            return
        if self.request.method not in {"GET", "HEAD", "OPTIONS"}:
            self.check_xsrf_cookie()
        url = target(upstream, name, path, self.request.query)
        try:
            async with self._client["session"].request(
                self.request.method or "GET",
                url,
                headers=self._request_headers(upstream),
                data=self.request.body or None,
                allow_redirects=False,
            ) as answer:
                await self._pass_on(answer, upstream, name)
        except (TimeoutError, aiohttp.ClientConnectionError) as error:
            self._not_running(upstream, error)

    def _upstream(self, name: str) -> Upstream:
        found = shown().get(name)
        if found is None:
            raise web.HTTPError(404, reason="no such page in this stack")
        return found

    def _request_headers(self, upstream: Upstream) -> dict[str, str]:
        headers = {key: value for key, value in self.request.headers.items() if key.lower() not in HOP_BY_HOP | OURS}
        if kept := cookies(self.request.headers.get("Cookie", "")):
            headers["Cookie"] = kept
        headers["Host"] = urlsplit(upstream.address).netloc
        headers["X-Forwarded-Proto"], headers["X-Forwarded-Host"] = self.request.protocol, self.request.host
        return headers

    async def _pass_on(self, answer: aiohttp.ClientResponse, upstream: Upstream, name: str) -> None:
        self.set_status(answer.status, answer.reason)
        for key, value in answer.headers.items():
            if key.lower() == "location":
                self.set_header(key, location(value, upstream, name))
            elif key.lower() == "set-cookie":
                self.add_header(key, value)
            elif passed_on(key):
                self.set_header(key, value)
        if answer.status == 304 or self.request.method == "HEAD":
            await self.finish()
            return
        async for chunk in answer.content.iter_any():
            self.write(chunk)
            await self.flush()
        await self.finish()

    def _not_running(self, upstream: Upstream, error: Exception) -> None:
        logging.getLogger("sandbox.ui").info("%s does not answer: %s", upstream.title, error)
        self.set_status(502)
        self.render("not_running.html", upstream=upstream, prefix=PREFIX)

    def check_origin(self, origin: str) -> bool:
        """Allows websockets from our own pages only."""
        return urlsplit(origin).netloc == self.request.host

    async def open(self, *args: str) -> None:
        """Opens the websocket to the upstream, and passes on what comes from it."""
        del args
        upstream = self._upstream(self._name)
        url = target(upstream, self._name, self._path, self.request.query)
        protocols = [word.strip() for word in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",") if word]
        headers = {"Cookie": cookies(self.request.headers.get("Cookie", "")), "Origin": upstream.address}
        try:
            socket = await self._client["session"].ws_connect(url, headers=headers, protocols=protocols, max_msg_size=0)
        except (TimeoutError, aiohttp.ClientError):
            self.close(1011, "the page does not answer")
            return
        self._upstream_socket = socket
        asyncio.get_running_loop().create_task(self._from_upstream(socket))

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Takes the first: the upstream is asked for the same."""
        return subprotocols[0] if subprotocols else None

    async def _from_upstream(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY} and self.ws_connection:
                await self.write_message(message.data, binary=message.type == aiohttp.WSMsgType.BINARY)
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        """Passes on what comes from the browser."""
        if self._upstream_socket is None:
            return
        if isinstance(message, bytes):
            await self._upstream_socket.send_bytes(message)
        else:
            await self._upstream_socket.send_str(message)

    def on_close(self) -> None:
        """Closes the upstream's end too."""
        if self._upstream_socket is not None:
            asyncio.get_running_loop().create_task(self._upstream_socket.close())


def application(client: dict[str, aiohttp.ClientSession]) -> web.Application:
    """Returns the service."""
    return web.Application(
        [
            (url_path_join(PREFIX, "oauth_callback"), HubOAuthCallbackHandler),
            (PREFIX, IndexHandler),
            (rf"{PREFIX}([a-z0-9]+)(/.*)?", ProxyHandler, {"client": client}),
        ],
        cookie_secret=os.urandom(32),
        template_path=os.path.join(os.path.dirname(__file__), "pages"),  # noqa: PTH118, PTH120
        websocket_ping_interval=30,
        log_function=lambda handler: None,  # noqa: ARG005 - the hub's proxy is asked who was here
    )


async def main() -> None:
    """Serves until the hub stops it."""
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    client: dict[str, aiohttp.ClientSession] = {}
    timeout = aiohttp.ClientTimeout(total=None, connect=5)
    async with aiohttp.ClientSession(
        timeout=timeout, auto_decompress=True, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        client["session"] = session
        server = httpserver.HTTPServer(application(client), xheaders=True)
        server.listen(address.port or 8010, address.hostname or "127.0.0.1")
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    with contextlib.suppress(KeyboardInterrupt):  # how the hub stops its services
        asyncio.run(main())
