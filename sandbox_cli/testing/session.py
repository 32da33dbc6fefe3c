"""The stack of a pytest session: one for all its processes, started by the first that needs it, gone at the end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sandbox_cli.settings import Settings
from sandbox_cli.testing import owner
from sandbox_cli.testing.checkout import checkout, command
from sandbox_cli.testing.command import Command
from sandbox_cli.testing.compose import SandboxCompose
from sandbox_cli.testing.options import StackOptions, free_ports
from sandbox_cli.testing.stack import SandboxStack

READY = "pytest.ready"  # in the state folder of a stack that has come up
QUIET_SECONDS = 20  # a start that takes longer, as it builds images, is shown line by line
Say = Callable[[str], None]


class StackSession:
    """A pytest session's stack, as one of its processes sees it. Nothing is made or looked at before `stack`.

    Args:
        name: The stack's name, which all processes of the session know.
        options: Returns how the stack is to be; it is asked when the stack is.
        folder: What relative paths of tests are relative to.
        is_worker: Whether this process's parent removes the stack.
        say: Shows a line while tests run.
    """

    def __init__(
        self,
        name: str,
        options: Callable[[], StackOptions],
        folder: Path,
        *,
        is_worker: bool = False,
        say: Say = lambda _: None,
    ) -> None:
        self._name = name
        self._options = options
        self._folder = folder
        self._is_worker = is_worker
        self._say = say
        self._owned = ExitStack()
        self._is_owner = False
        self._stack: SandboxStack | None = None

    @property
    def started(self) -> SandboxStack | None:
        """The stack, if this process has used it."""
        return self._stack

    @property
    def is_owner(self) -> bool:
        """Whether this process has asked for the stack."""
        return self._is_owner

    def own(self) -> None:
        """Keeps other sessions from removing the stack, if there is one, while this process lives."""
        if self._is_owner:
            return
        self._owned.enter_context(owner.owned(owner.home(), self._name))
        self._is_owner = True
        if not self._is_worker:
            _end_as_by_ctrl_c()

    def stack(self) -> SandboxStack:
        """Returns the stack, started if no process of this session has done it yet.

        Raises:
            SandboxError: It does not come up; the message has the end of what `sandbox up` said.
        """
        if self._stack is None:
            options, _ = self._options(), checkout()  # what is wrong is said before anything is made
            self.own()
            compose = self._compose(self._name, options)
            mark = compose.settings.state_dir / READY
            with owner.alone(owner.home(), self._name):
                if not mark.exists():
                    self._remove_stale()
                    compose.start()
                    mark.touch()
            self._stack = SandboxStack(self._command(self._name), compose, self._folder)
        return self._stack

    def close(self) -> None:
        """Removes the stack with all that is in it, if the session has asked for one; Ctrl-C does not interrupt that.

        Raises:
            SandboxError: Something could not be deleted; the next session tries it again.
        """
        if self._is_worker or not owner.is_owned(self._name):
            return
        with _undisturbed():
            self.own()
            self._is_owner = False
            with self._owned:
                compose = self._compose(self._name)
                if compose.settings.state_dir.exists():
                    compose.stop()
                owner.forget(owner.home(), self._name)

    def _remove_stale(self) -> None:
        for stale in owner.remove_stale(owner.home(), lambda name: self._compose(name).stop()):
            self._say(f"removed the stack {stale} of a test session that was killed")

    def _command(self, name: str) -> Command:
        return Command(command(checkout()), name, owner.home())

    def _compose(self, name: str, options: StackOptions | None = None) -> SandboxCompose:
        settings = Settings(stack=name, state_home=owner.home(), root=checkout())
        return SandboxCompose(self._shown(name), settings, options.to_arguments(free_ports(2)) if options else [])

    def _shown(self, name: str) -> Callable[..., object]:
        """Returns the command; what it says is shown once it takes long."""
        run, began = self._command(name), time.monotonic()

        def say(line: str) -> None:
            if time.monotonic() - began > QUIET_SECONDS:
                self._say(line)

        def call(*argv: str) -> object:
            nonlocal began
            began = time.monotonic()
            return run(*argv, on_line=say)

        return call


def _end_as_by_ctrl_c() -> None:
    """Makes SIGTERM, by which CI ends a job, do what Ctrl-C does: the session ends, and removes what it has started."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keeps Ctrl-C and SIGTERM away from this process while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
