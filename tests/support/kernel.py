"""A kernel in a user's server, over the websocket that JupyterLab uses."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from websockets.sync.client import connect

from tests.support.sandbox import until


@dataclass
class Ran:
    """What a cell printed, showed and raised."""

    text: str = ""
    shown: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    def add(self, kind: str, content: dict[str, Any]) -> None:
        """Takes one message of the kernel in."""
        if kind == "stream":
            self.text += content["text"]
        elif kind in {"execute_result", "display_data"}:
            self.shown.append(content["data"])
            self.text += str(content["data"].get("text/plain", ""))
        elif kind == "update_display_data":
            self.text += "\n" + str(content["data"].get("text/plain", ""))
        elif kind == "error":
            self.error = "\n".join(content["traceback"])

    def has(self, mime: str) -> bool:
        """Tells whether the cell showed something of that type."""
        return any(mime in data for data in self.shown)


class Kernel:
    """A running kernel; leaving the `with` block shuts it down."""

    def __init__(self, address: str, token: str, shut_down: Callable[[], object]) -> None:
        self._shut_down = shut_down
        self._session = uuid.uuid4().hex
        headers = {"Authorization": f"token {token}"}
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(address, additional_headers=headers, max_size=None, open_timeout=60, proxy=None)
        )

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self._shut_down()

    def run(self, code: str, *, timeout: float = 180, check: bool = True) -> Ran:
        """Runs a cell to its end and returns its outputs; fails when it raised, unless told not to check."""
        done = self.finish(self.start(code), timeout=timeout)
        assert not (check and done.error), f"{code}\n{done.error}"
        return done

    def finish(self, request: str, *, timeout: float) -> Ran:
        """Waits for the end of a started cell and returns its outputs."""
        done = Ran()
        for message in self._messages(timeout):
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            done.add(kind, content)
            if kind == "status" and content["execution_state"] == "idle":
                return done
        raise AssertionError(f"the cell did not end within {timeout:.0f}s: {done}")

    def wait_for_restart(self, *, timeout: float) -> None:
        """Waits until the server tells, as JupyterLab shows it, that the kernel has died and is started anew."""
        told = any(
            message["msg_type"] == "status" and message["content"]["execution_state"] == "restarting"
            for message in self._messages(timeout)
        )
        assert told, f"the kernel was not started anew within {timeout:.0f}s"
        until(self._answers, within=60, what="the new kernel to answer")

    def _answers(self) -> bool:
        """Tells whether an empty cell ends; what is sent to a kernel that is about to die is lost."""
        try:
            self.finish(self.start(""), timeout=3)
        except AssertionError:
            return False
        return True

    def _messages(self, timeout: float) -> Iterator[dict[str, Any]]:
        """Yields what the kernel says until the time is over."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                yield json.loads(self._socket.recv(timeout=left))
            except TimeoutError:
                return

    def start(self, code: str) -> str:
        """Starts a cell and returns what `finish` waits for."""
        identity = uuid.uuid4().hex
        header = {
            "msg_id": identity,
            "msg_type": "execute_request",
            "username": "",
            "session": self._session,
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
            "buffers": [],
        }
        self._socket.send(json.dumps(message))
        return identity
