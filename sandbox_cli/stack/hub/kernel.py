"""A kernel in a user's server, driven as JupyterLab drives it: REST to start it, a websocket to run code."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub.api import NOT_FOUND, Hub
from sandbox_cli.stack.hub.server_access import ServerAccess, access


class CellError(StackError):
    """Raised when the code that was run in a kernel raised; the message is its last line."""


class Kernel:
    """A running kernel."""

    def __init__(self, socket: ClientConnection, user: str) -> None:
        self._socket = socket
        self._user = user
        self._session = uuid.uuid4().hex

    def run(self, code: str, *, seconds: float) -> str:
        """Runs code and returns what it printed.

        Raises:
            CellError: The code raised.
            StackError: The kernel died, or did not end in time.
        """
        request = self._send(code)
        printed, deadline = "", time.monotonic() + seconds
        while True:
            message = self._receive(deadline, seconds)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and content["name"] == "stdout":
                printed += content["text"]
            elif kind == "error":
                raise CellError(f"{content['ename']}: {content['evalue']}", hint=f"sandbox logs user:{self._user}")
            elif kind == "status" and content["execution_state"] == "idle":
                return printed

    def _receive(self, deadline: float, seconds: float) -> dict[str, Any]:
        try:
            return dict(json.loads(self._socket.recv(timeout=max(0.01, deadline - time.monotonic()))))
        except TimeoutError:
            raise StackError(
                f"A cell in the server of `{self._user}` did not end within {seconds:.0f} s.",
                hint=f"sandbox logs user:{self._user}",
            ) from None
        except WebSocketException as error:
            raise StackError(f"The kernel of `{self._user}` is gone: {error}", hint="sandbox status") from None

    def _send(self, code: str) -> str:
        identity = uuid.uuid4().hex
        header = {"msg_id": identity, "msg_type": "execute_request", "username": "", "session": self._session}
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        parts = {"parent_header": {}, "metadata": {}, "channel": "shell", "buffers": []}
        self._socket.send(json.dumps({"header": {**header, "version": "5.3"}, "content": content, **parts}))
        return identity


@contextmanager
def kernel(hub: Hub, user: str) -> Iterator[Kernel]:
    """Starts a kernel in the user's running server; it is shut down when the block ends.

    Raises:
        StackError: The server doesn't start one.
    """
    with access(hub, user) as server:
        identity = server.request("POST", "/api/kernels", json={"name": "python3"}).json()["id"]
        try:
            with _channels(server, identity) as socket:
                yield Kernel(socket, user)
        finally:
            server.request("DELETE", f"/api/kernels/{identity}", ok=(NOT_FOUND,))


@contextmanager
def _channels(server: ServerAccess, identity: str) -> Iterator[ClientConnection]:
    there = urlsplit(server.address)
    address = f"ws://{server.host}{server.path}/api/kernels/{identity}/channels?session_id={uuid.uuid4().hex}"
    way: dict[str, Any] = {"address": (there.hostname, there.port), "proxy": None}
    try:
        with connect(address, additional_headers=server.headers, max_size=None, open_timeout=30, **way) as socket:
            yield socket
    except (OSError, TimeoutError, WebSocketException) as error:
        raise StackError(
            f"No connection to the kernel of `{server.user}`: {error}", hint=f"sandbox logs user:{server.user}"
        ) from None
