"""testcontainers' `DockerCompose` over a stack of the sandbox: its start is `sandbox up`, its stop `sandbox reset`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from testcontainers.compose import DockerCompose

from sandbox_cli.console import Console
from sandbox_cli.settings import Settings
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.session import Session

TAIL_CHARS = 2000  # of what a command that fails has said


class SandboxCommand(Protocol):
    """What runs `sandbox`: see `sandbox_cli.testing.command.Command`."""

    def __call__(self, *argv: str) -> Any:
        """Runs it, and raises if it fails."""
        ...


class SandboxCompose(DockerCompose):
    """The stack's services as testcontainers shows any compose project: hosts, ports, logs, exec, wait strategies.

    Nothing is started or stopped in another way than by the command. `stop` deletes all data, as testcontainers' own
    does; `stop(down=False)` is `sandbox down`, which keeps it.

    Args:
        command: The command, bound to the stack.
        settings: The same stack: its name, its state folder, its checkout.
        options: Of `sandbox up`.
    """

    def __init__(self, command: SandboxCommand, settings: Settings, options: Sequence[str] = ()) -> None:
        super().__init__(context=settings.root, compose_file_name=str(Path(settings.root) / "compose.yaml"))
        self.command = command
        self.settings = settings
        self.options = tuple(options)
        self.started: Any = None  # what the command has returned of the last start
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The stack as the command's own verbs use it; there has to be one."""
        if self._session is None:
            self._session = Session(connection.connect(Console(plain=True), self.settings), self.settings)
        return self._session

    def start(self) -> None:
        """Runs `sandbox up`, and then waits as `waiting_for` was told.

        Raises:
            StackError: It did not come up; the message has the end of what it said.
        """
        self.started = self.command("up", *self.options)
        self._session = None
        for service, strategy in (self._wait_strategies or {}).items():
            strategy.wait_until_ready(self.get_container(service_name=service))

    def stop(self, down: bool = True) -> None:
        """Runs `sandbox reset --yes`, which deletes the stack and its data, or `sandbox down`.

        Raises:
            StackError: Something of it could not be deleted.
        """
        self.command(*(["reset", "--yes"] if down else ["down"]))
        self._session = None

    def _run_command(self, cmd: str | list[str], context: str | None = None) -> subprocess.CompletedProcess[bytes]:
        """Runs `docker compose` with the stack's name and variables, which its compose.yaml needs.

        testcontainers' own passes no environment on.
        """
        try:
            return subprocess.run(
                cmd,
                cwd=context or self.settings.root,
                env=self.session.compose.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr.decode(errors="replace")[-TAIL_CHARS:])
            raise
