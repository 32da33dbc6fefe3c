"""The stack's web pages behind the hub's login: a reverse proxy for HTTP and websockets, at /services/ui/NAME/.

It knows four upstreams and no others, asks the hub who is there, and forwards neither the hub's cookies nor its tokens.
In the S3 console users are signed in with S3 keys of their own; see `sandbox_hub.console_login`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from bounded_http import BoundedServer
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from jupyterhub.utils import url_path_join
from tornado import iostream, web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from sandbox_hub import mailed
from sandbox_hub.asked import believe_briefly
from sandbox_hub.console_login import ConsoleLogins
from sandbox_hub.passing import HOP_BY_HOP, LIMITS, MESSAGE_BYTES, OURS, Upload, cookies, has_body, passed_on
from sandbox_hub.s3_keys import Key, of_this_hub
from sandbox_hub.upstreams import HUB, PREFIX, Upstream, location, shown, target


class Guarded(HubOAuthenticated, web.RequestHandler):
    """A page for whoever the hub knows and allows."""

    def check_xsrf_cookie(self) -> None:
        """Lets same-origin requests through: the pages behind us don't know the hub's token."""
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            raise web.HTTPError(403, "a request from another site")
        origin = self.request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != self.request.host:
            raise web.HTTPError(403, "a request from another origin")

    def get_template_namespace(self) -> dict[str, Any]:
        """Returns what the pages may call."""
        return {**super().get_template_namespace(), "hub": HUB, "prefix": PREFIX}

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Writes a page that says what is wrong."""
        del kwargs
        self.render("problem.html", status=status_code, reason=self._reason)


class IndexHandler(Guarded):
    """`/services/ui/`."""

    @web.authenticated
    def get(self) -> None:
        """Lists the pages."""
        self.render("index.html", upstreams=shown())


@web.stream_request_body
class ProxyHandler(Guarded, WebSocketHandler):
    """`/services/ui/NAME/…`: HTTP, or a websocket where one is asked for."""

    _upload: Upload | None = None
    _answer: asyncio.Task[aiohttp.ClientResponse] | None = None

    def initialize(self, client: dict[str, aiohttp.ClientSession], logins: Mapping[str, ConsoleLogins]) -> None:
        """Takes the shared HTTP client, and the logins of the upstreams that have any."""
        self._client = client
        self._logins = logins
        self._upstream_socket: aiohttp.ClientWebSocketResponse | None = None

    @web.authenticated
    def prepare(self) -> None:
        """Begins to pass on a body once it is known who sends it."""
        if not has_body(self.request):
            return
        self.check_xsrf_cookie()
        self._upload = Upload(self.request)
        name, path = self.path_args
        if path and name in shown():
            self._answer = asyncio.create_task(self._asked(self._upstream(name), name, path))
            self._answer.add_done_callback(self._upload.is_answered)
        else:
            self._upload.stop()

    async def data_received(self, chunk: bytes) -> None:
        """Passes on a part of the body."""
        if self._upload:
            await self._upload.add(chunk)

    def on_connection_close(self) -> None:
        """Gives up a body that its sender has given up."""
        if self._answer and self._upload and not self._upload.complete:
            self._answer.cancel()
        web.RequestHandler.on_connection_close(self)  # which the websocket's half leaves out
        super().on_connection_close()

    @web.authenticated
    async def get(  # type: ignore[override]  # Tornado's decorator takes a coroutine for anything that can be awaited
        self, name: str, path: str | None
    ) -> None:
        """Forwards a request, or opens a websocket."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            await self._forward(name, path)
            return
        self._name, self._path = name, path or ""
        await super().get(name, path)

    @web.authenticated
    async def _any(self, name: str, path: str | None) -> None:
        await self._forward(name, path)

    head = post = put = patch = delete = options = _any

    async def _forward(self, name: str, path: str | None) -> None:
        upstream = self._upstream(name)
        if not path:
            self.redirect(f"{PREFIX}{name}/", permanent=False)
            return
        if self.request.method not in {"GET", "HEAD", "OPTIONS"}:
            self.check_xsrf_cookie()
        try:
            if self._upload:
                await self._upload.add(b"")
            async with await (self._answer or self._asked(upstream, name, path)) as answer:
                await self._pass_on(answer, upstream, name)
        except iostream.StreamClosedError:
            return  # the browser went elsewhere meanwhile
        except (TimeoutError, aiohttp.ClientError) as error:
            if self._headers_written:
                self._break_off(upstream, error)
            else:
                self._not_running(upstream, error)

    async def _asked(self, upstream: Upstream, name: str, path: str) -> aiohttp.ClientResponse:
        """Returns the upstream's answer; one that has forgotten the user is asked again after another login."""
        url, upload = target(upstream, name, path, self.request.query), self._upload
        for attempt in range(2):
            answer = await self._client["session"].request(
                self.request.method or "GET",
                url,
                headers=await self._request_headers(upstream, name),
                data=upload.parts() if upload else None,
                allow_redirects=False,
            )
            if attempt or upload or name not in self._logins or not path.endswith("/session") or answer.status < 400:
                break
            answer.release()
            self._logins[name].forget(self.current_user["name"])
        return answer

    async def _cookies(self, name: str) -> str:
        """Returns the Cookie header for an upstream: its own login's, or what the browser has for it."""
        if name in self._logins:
            return await self._logins[name].cookie(self._client["session"], self.current_user["name"])
        return cookies(self.request.headers.get("Cookie", ""))

    def _upstream(self, name: str) -> Upstream:
        found = shown().get(name)
        if found is None:
            raise web.HTTPError(404, reason="no such page in this stack")
        return found

    async def _request_headers(self, upstream: Upstream, name: str) -> dict[str, str]:
        headers = {key: value for key, value in self.request.headers.items() if key.lower() not in HOP_BY_HOP | OURS}
        if kept := await self._cookies(name):
            headers["Cookie"] = kept
        if self._upload and self._upload.length:
            headers["Content-Length"] = self._upload.length
        headers["Host"] = urlsplit(upstream.address).netloc
        headers["X-Forwarded-Proto"], headers["X-Forwarded-Host"] = self.request.protocol, self.request.host
        return headers

    async def _pass_on(self, answer: aiohttp.ClientResponse, upstream: Upstream, name: str) -> None:
        self.set_status(answer.status, answer.reason)
        for key, value in answer.headers.items():
            if key.lower() == "location":
                self.set_header(key, location(value, upstream, name))
            elif key.lower() == "set-cookie" and upstream.sets_cookies and name not in self._logins:
                self.add_header(key, value)
            elif passed_on(key):
                self.set_header(key, value)
        if upstream.holds_mail:
            for key, value in mailed.headers(answer.url.path).items():
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
        self.render("not_running.html", upstream=upstream)

    def _break_off(self, upstream: Upstream, error: Exception) -> None:
        """Cuts the connection: an answer that were finished here would pass for a whole one."""
        logging.getLogger("sandbox.ui").warning("%s broke off: %s", upstream.title, error)
        self.detach().close()

    def check_origin(self, origin: str) -> bool:
        """Allows websockets from our own pages only."""
        return urlsplit(origin).netloc == self.request.host

    async def open(self, *args: str) -> None:
        """Opens the websocket to the upstream, and passes on what comes from it."""
        del args
        upstream = self._upstream(self._name)
        url = target(upstream, self._name, self._path, self.request.query)
        protocols = [word.strip() for word in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",") if word]
        try:
            headers = {"Cookie": await self._cookies(self._name), "Origin": upstream.address}
            socket = await self._client["session"].ws_connect(
                url, headers=headers, protocols=protocols, max_msg_size=MESSAGE_BYTES
            )
        except (TimeoutError, aiohttp.ClientError):
            self.close(1011, "the page does not answer")
            return
        self._upstream_socket = socket
        asyncio.get_running_loop().create_task(self._from_upstream(socket))

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Takes the first: the upstream is asked for the same."""
        return subprotocols[0] if subprotocols else None

    async def _from_upstream(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        with contextlib.suppress(WebSocketClosedError):  # the browser went elsewhere meanwhile
            async for message in socket:
                if message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                    await self.write_message(message.data, binary=message.type == aiohttp.WSMsgType.BINARY)
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        """Passes on what comes from the browser."""
        if self._upstream_socket is None:
            return
        try:
            if isinstance(message, bytes):
                await self._upstream_socket.send_bytes(message)
            else:
                await self._upstream_socket.send_str(message)
        except ConnectionResetError:
            self.close(1011, "the page does not answer")

    def on_close(self) -> None:
        """Closes the upstream's end too."""
        if self._upstream_socket is not None:
            asyncio.get_running_loop().create_task(self._upstream_socket.close())


def console_keys(user: str) -> Key:
    """Returns temporary S3 keys of a user."""
    return of_this_hub().session(user)


def application(client: dict[str, aiohttp.ClientSession]) -> web.Application:
    """Returns the service."""
    believe_briefly()
    logins = {
        name: ConsoleLogins(upstream.address, console_keys) for name, upstream in shown().items() if upstream.signs_in
    }
    return web.Application(
        [
            (url_path_join(PREFIX, "oauth_callback"), HubOAuthCallbackHandler),
            (PREFIX, IndexHandler),
            (rf"{PREFIX}([a-z0-9]+)(/.*)?", ProxyHandler, {"client": client, "logins": logins}),
        ],
        cookie_secret=os.urandom(32),
        template_path=os.path.join(os.path.dirname(__file__), "pages"),  # noqa: PTH118, PTH120
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
