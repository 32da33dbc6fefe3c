"""A kernel in a user's server, with the user's own token; a cell that fails fails the test."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from websockets.sync.client import connect

from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub.kernel import CellOutput, Kernel
from tests.support.sandbox import until


class UserKernel:
    """A running kernel; leaving the `with` block shuts it down."""

    def __init__(self, url: str, user: str, token: str, shut_down: Callable[[], object]) -> None:
        self._shut_down = shut_down
        headers = {"Authorization": f"token {token}"}
        self._open = ExitStack()
        self._client = Kernel(
            self._open.enter_context(
                connect(url, additional_headers=headers, max_size=None, open_timeout=60, proxy=None)
            ),
            user,
        )

    def __enter__(self) -> UserKernel:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self._shut_down()

    def run(self, code: str, *, timeout: float = 180, check: bool = True) -> CellOutput:
        """Runs a cell to its end and returns its output; fails when it raised, unless `check` is off."""
        output = self.finish(self.start(code), timeout=timeout)
        assert not (check and output.error), f"{code}\n{output.error}"
        return output

    def start(self, code: str) -> str:
        """Starts a cell and returns what `finish` waits for."""
        return self._client.start(code, store_history=True)

    def finish(self, message_id: str, *, timeout: float) -> CellOutput:
        """Waits for the end of a started cell and returns its output."""
        try:
            return self._client.finish(message_id, seconds=timeout)
        except StackError as error:
            raise AssertionError(error.message) from None

    def debug(self, command: str, **arguments: object) -> dict[str, Any]:
        """Asks the kernel's debugger, as JupyterLab does, and returns its answer."""
        content = {"type": "request", "seq": 1, "command": command, "arguments": arguments}
        message_id = self._client.send("control", "debug_request", content)
        for message in self._client.messages(60):
            if message["msg_type"] == "debug_reply" and message["parent_header"].get("msg_id") == message_id:
                assert message["content"].get("success"), message["content"]
                return dict(message["content"].get("body") or {})
        raise AssertionError(f"no answer to {command}")

    def wait_for_stop(self, *, timeout: float) -> int:
        """Waits until a breakpoint has stopped the kernel, and returns the number of the thread."""
        for message in self._client.messages(timeout):
            if message["msg_type"] == "debug_event" and message["content"].get("event") == "stopped":
                return int(message["content"]["body"]["threadId"])
        raise AssertionError(f"nothing has stopped within {timeout:.0f}s")

    def wait_for_restart(self, *, timeout: float) -> None:
        """Waits until the server says, as JupyterLab shows it, that the kernel has died and is started anew."""
        restarting = any(
            message["msg_type"] == "status" and message["content"]["execution_state"] == "restarting"
            for message in self._client.messages(timeout)
        )
        assert restarting, f"the kernel was not started anew within {timeout:.0f}s"
        until(self._answers, within=60, what="the new kernel to answer")

    def _answers(self) -> bool:
        """Returns whether an empty cell ends; what is sent to a kernel that is about to die is lost."""
        try:
            self.finish(self.start(""), timeout=3)
        except AssertionError:
            return False
        return True
