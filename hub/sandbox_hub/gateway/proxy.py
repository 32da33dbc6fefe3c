"""A reverse proxy for HTTP and websockets, for one request: neither the hub's cookies nor its tokens are forwarded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
from tornado import iostream, web

from sandbox_hub.gateway.forwarding import HOP_BY_HOP, REPLACED_HEADERS, Upload, as_header, has_body, is_forwarded
from sandbox_hub.gateway.inject import takes_header, with_header
from sandbox_hub.gateway.mail_headers import mail_headers
from sandbox_hub.gateway.upstreams import (
    HUB_ORIGIN,
    PREFIX,
    Upstream,
    enabled_upstreams,
    rewrite_location,
    upstream_url,
)
from sandbox_hub.gateway.websocket import WebsocketProxy
from sandbox_hub.header import HEIGHT, header

# The parts of the S3 console and of the mailbox that are as high as the window: the header is part of that, too.
FULL_HEIGHT = (
    "<style>body{overflow:hidden}#root :is(.parentBox,.menuBox,.menuContainer,.mainPage,.h-screen)"
    f"{{height:calc(100vh - {HEIGHT}px)!important}}</style>"
)
log = logging.getLogger("sandbox.ui")


@web.stream_request_body
class ProxyHandler(WebsocketProxy):
    """`/services/ui/NAME/…`: HTTP, or a websocket where one is asked for."""

    _upload: Upload | None = None
    _answer: asyncio.Task[aiohttp.ClientResponse] | None = None

    @web.authenticated
    def prepare(self) -> None:
        """Begins to forward a body once it is known who sends it."""
        if not has_body(self.request):
            return
        self.check_xsrf_cookie()
        self._upload = Upload(self.request)
        name, path = self.path_args
        if path and name in enabled_upstreams():
            self._answer = asyncio.create_task(self._request_upstream(self._upstream(name), name, path))
            self._answer.add_done_callback(self._upload.on_answer)
        else:
            self._upload.stop()

    async def data_received(self, chunk: bytes) -> None:
        """Forwards a part of the body."""
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
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            await super().get(name, path)
        else:
            await self._forward(name, path)

    @web.authenticated
    async def _forward_any(self, name: str, path: str | None) -> None:
        await self._forward(name, path)

    head = post = put = patch = delete = options = _forward_any

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
            async with await (self._answer or self._request_upstream(upstream, name, path)) as answer:
                await self._send_answer(answer, upstream, name)
        except iostream.StreamClosedError:
            return  # the browser went elsewhere meanwhile
        except (TimeoutError, aiohttp.ClientError) as error:
            if self._headers_written:
                self._abort(upstream, error)
            else:
                self._show_not_running(upstream, error)

    async def _request_upstream(self, upstream: Upstream, name: str, path: str) -> aiohttp.ClientResponse:
        """Returns the upstream's answer; one that has forgotten the user is asked again after another login."""
        url, upload = upstream_url(upstream, name, path, self.request.query), self._upload
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

    async def _request_headers(self, upstream: Upstream, name: str) -> dict[str, str]:
        replaced = HOP_BY_HOP | REPLACED_HEADERS
        headers = {key: value for key, value in self.request.headers.items() if key.lower() not in replaced}
        if cookies := await self._cookies(name):
            headers["Cookie"] = cookies
        if self._upload and self._upload.length:
            headers["Content-Length"] = self._upload.length
        headers["Host"] = urlsplit(upstream.address).netloc
        headers["X-Forwarded-Proto"], headers["X-Forwarded-Host"] = self.request.protocol, self.request.host
        return headers

    async def _send_answer(self, answer: aiohttp.ClientResponse, upstream: Upstream, name: str) -> None:
        self.set_status(answer.status)
        for key, raw in answer.headers.items():
            value = as_header(raw)
            if key.lower() == "location":
                self.set_header(key, rewrite_location(value, upstream, name))
            elif key.lower() == "set-cookie" and upstream.sets_cookies and name not in self._logins:
                self.add_header(key, value)
            elif is_forwarded(key):
                self.set_header(key, value)
        if upstream.holds_mail:
            for key, value in mail_headers(answer.url.path).items():
                self.set_header(key, value)
        if answer.status == 304 or self.request.method == "HEAD":
            await self.finish()
            return
        async for chunk in self._content(answer, upstream, name):
            self.write(chunk)
            await self.flush()
        await self.finish()

    def _content(self, answer: aiohttp.ClientResponse, upstream: Upstream, name: str) -> AsyncIterator[bytes]:
        """Returns the answer's body; a page gets the header that leads back."""
        chunks = answer.content.iter_any()
        is_mail = upstream.holds_mail and bool(mail_headers(answer.url.path))
        if is_mail or not takes_header(self.request.method or "", answer.status, self.request.headers, self._headers):
            return chunks
        shown = header(name, HUB_ORIGIN) + (FULL_HEIGHT if upstream.fills_window else "")
        return with_header(chunks, shown.encode("ascii"))

    def _show_not_running(self, upstream: Upstream, error: Exception) -> None:
        log.info("%s does not answer: %s", upstream.title, error)
        self.set_status(502)
        self.render("not_running.html", upstream=upstream)

    def _abort(self, upstream: Upstream, error: Exception) -> None:
        """Cuts the connection: an answer that were finished here would pass for a whole one."""
        log.warning("%s broke off: %s", upstream.title, error)
        self.detach().close()
