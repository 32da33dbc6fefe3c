"""A kernel in a user's server, driven as JupyterLab drives it: REST to start it, a websocket to run code."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub.server_access import ServerAccess, access
from sandbox_cli.stack.hub_api import NOT_FOUND, Hub

Message = dict[str, Any]


class CellError(StackError):
    """Raised when the code that was run in a kernel raised; the message is its last line."""


@dataclass
class CellOutput:
    """What a cell printed, displayed and raised.

    Attributes:
        stdout: What it printed to stdout.
        text: All it showed as text: both streams, results and displays, in their order.
        displays: The data of its results and displays, by MIME type.
        exception: Type and message of what it raised; empty if nothing.
        error: The traceback of that.
    """

    stdout: str = ""
    text: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    exception: str = ""
    error: str = ""

    def add(self, kind: str, content: Message) -> None:
        """Takes one message of the kernel in."""
        if kind == "stream":
            self.text += content["text"]
            self.stdout += content["text"] if content["name"] == "stdout" else ""
        elif kind in {"execute_result", "display_data"}:
            self.displays.append(content["data"])
            self.text += str(content["data"].get("text/plain", ""))
        elif kind == "update_display_data":
            self.text += "\n" + str(content["data"].get("text/plain", ""))
        elif kind == "error":
            self.exception = f"{content['ename']}: {content['evalue']}"
            self.error = "\n".join(content["traceback"])

    def has_type(self, mime: str) -> bool:
        """Returns whether the cell displayed something of that MIME type."""
        return any(mime in data for data in self.displays)


class Kernel:
    """A running kernel.

    Args:
        socket: The connection to its channels.
        user: Whose server it is in, for messages.
    """

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
        output = self.finish(self.start(code), seconds=seconds)
        if output.exception:
            raise CellError(output.exception, hint=f"sandbox logs user:{self._user}")
        return output.stdout

    def start(self, code: str, *, store_history: bool = False) -> str:
        """Starts a cell and returns what `finish` waits for.

        Raises:
            StackError: The connection broke.
        """
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": False,
        }
        return self.send("shell", "execute_request", content)

    def send(self, channel: str, kind: str, content: Message) -> str:
        """Sends the kernel a message and returns its id.

        Raises:
            StackError: The connection broke.
        """
        message_id = uuid.uuid4().hex
        header = {"msg_id": message_id, "msg_type": kind, "username": "", "session": self._session, "version": "5.3"}
        parts = {"parent_header": {}, "metadata": {}, "channel": channel, "buffers": []}
        with self._translate_errors():
            self._socket.send(json.dumps({"header": header, "content": content, **parts}))
        return message_id

    def finish(self, message_id: str, *, seconds: float) -> CellOutput:
        """Waits for the end of a started cell and returns its output.

        Raises:
            StackError: The kernel died, or the cell did not end in time.
        """
        output = CellOutput()
        for message in self.messages(seconds):
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            output.add(kind, content)
            if kind == "status" and content["execution_state"] == "idle":
                return output
        raise StackError(
            f"A cell in the server of `{self._user}` did not end within {seconds:.0f} s; "
            f"it printed: {output.text[-300:]!r}",
            hint=f"sandbox logs user:{self._user}",
        )

    def messages(self, seconds: float) -> Iterator[Message]:
        """Yields the kernel's messages until the time is over.

        Raises:
            StackError: The connection broke.
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                with self._translate_errors():
                    message = self._socket.recv(timeout=left)
            except TimeoutError:
                return
            yield dict(json.loads(message))

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except WebSocketException as error:
            raise StackError(f"The kernel of `{self._user}` is gone: {error}", hint="sandbox status") from None


@contextmanager
def kernel(hub: Hub, user: str) -> Iterator[Kernel]:
    """Starts a kernel in the user's running server; it is shut down when the block ends.

    Raises:
        StackError: The server doesn't start one.
    """
    with access(hub, user) as server:
        kernel_id = server.request("POST", "/api/kernels", json={"name": "python3"}).json()["id"]
        try:
            with _channels(server, kernel_id) as socket:
                yield Kernel(socket, user)
        finally:
            server.request("DELETE", f"/api/kernels/{kernel_id}", ok=(NOT_FOUND,))


@contextmanager
def _channels(server: ServerAccess, kernel_id: str) -> Iterator[ClientConnection]:
    parsed = urlsplit(server.address)
    url = f"ws://{server.host}{server.path}/api/kernels/{kernel_id}/channels?session_id={uuid.uuid4().hex}"
    options: dict[str, Any] = {"address": (parsed.hostname, parsed.port), "proxy": None}
    try:
        with connect(url, additional_headers=server.headers, max_size=None, open_timeout=30, **options) as socket:
            yield socket
    except (OSError, TimeoutError, WebSocketException) as error:
        raise StackError(
            f"No connection to the kernel of `{server.user}`: {error}", hint=f"sandbox logs user:{server.user}"
        ) from None
