"""Websockets between a browser and a page of the stack."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from sandbox_hub.gateway.forwarding import MESSAGE_BYTES
from sandbox_hub.gateway.handler import UpstreamHandler
from sandbox_hub.gateway.upstreams import upstream_url
from sandbox_hub.pages import is_origin

NOT_ANSWERING = (1011, "the page does not answer")


class WebsocketProxy(UpstreamHandler, WebSocketHandler):
    """The two ends of a websocket: the browser's is Tornado's, the upstream's is aiohttp's."""

    _upstream_socket: aiohttp.ClientWebSocketResponse | None = None

    def check_origin(self, origin: str) -> bool:
        """Allows websockets from our own pages only."""
        return is_origin(origin, self.request.host)

    async def open(self, *args: str) -> None:
        """Opens the websocket to the upstream, and forwards what comes from it."""
        name, path = args
        upstream = self._upstream(name)
        url = upstream_url(upstream, name, path or "", self.request.query)
        protocols = [word.strip() for word in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",") if word]
        try:
            headers = {"Cookie": await self._cookies(name), "Origin": upstream.address}
            socket = await self._client["session"].ws_connect(
                url, headers=headers, protocols=protocols, max_msg_size=MESSAGE_BYTES
            )
        except (TimeoutError, aiohttp.ClientError):
            self.close(*NOT_ANSWERING)
            return
        self._upstream_socket = socket
        asyncio.get_running_loop().create_task(self._forward_messages(socket))

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Takes the first: the upstream is asked for the same."""
        return subprotocols[0] if subprotocols else None

    async def _forward_messages(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Forwards the upstream's messages until it closes."""
        with contextlib.suppress(WebSocketClosedError):  # the browser went elsewhere meanwhile
            async for message in socket:
                if message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                    await self.write_message(message.data, binary=message.type == aiohttp.WSMsgType.BINARY)
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        """Forwards what comes from the browser."""
        if self._upstream_socket is None:
            return
        try:
            if isinstance(message, bytes):
                await self._upstream_socket.send_bytes(message)
            else:
                await self._upstream_socket.send_str(message)
        except ConnectionResetError:
            self.close(*NOT_ANSWERING)

    def on_close(self) -> None:
        """Closes the upstream's end too."""
        if self._upstream_socket is not None:
            asyncio.get_running_loop().create_task(self._upstream_socket.close())
