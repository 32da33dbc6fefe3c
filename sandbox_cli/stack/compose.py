"""The one door to `docker compose`: argument lists in, a failure raised once with command, exit code and stderr."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.engine.connection import Engine

TAIL_LINES = 15
INTERRUPTED = 130


@dataclass(frozen=True)
class Compose:
    """`docker compose` for one stack.

    Attributes:
        engine: Which engine it talks to.
        settings: Which stack.
        variables: Values of the ${…} in compose.yaml; without them only what needs no file works (`down`, `logs`).
    """

    engine: Engine
    settings: Settings
    variables: Mapping[str, str] = field(default_factory=dict)

    def up(self, services: Sequence[str] = ()) -> None:
        """Makes and starts what is missing or outdated, without waiting for health.

        Raises:
            StackError: Compose failed.
        """
        profiles = [word for name in self.settings.profiles for word in ("--profile", name)]
        self.call(*profiles, "up", "--detach", "--no-build", "--pull", "never", "--remove-orphans", *services)

    def down(self, *, seconds: int = 6) -> None:
        """Stops and removes the containers and networks, left-over drivers included; keeps volumes."""
        try:
            self._down(seconds)
        except StackError as error:
            if "No such container" not in error.message:
                raise
            self._down(seconds)  # a driver has ended, and been removed, in the middle of it

    def _down(self, seconds: int) -> None:
        self.call("down", "--remove-orphans", "--timeout", str(seconds), file=False)

    def run_argv(self, options: Sequence[str], service: str, command: Sequence[str]) -> list[str]:
        """Returns the command line of a one-off container of `service`."""
        return self.argv("run", "--rm", "--no-deps", "--quiet-pull", "-T", *options, service, *command)

    def logs_argv(self, service: str | None, *, follow: bool, tail: str) -> list[str]:
        """Returns the command line that shows the logs of a service, or of all."""
        options = ["--follow"] if follow else []
        return self.argv("logs", "--tail", tail, *options, *([service] if service else []), file=False)

    def argv(self, *arguments: str, file: bool = True) -> list[str]:
        """Returns a whole command line."""
        where = ["--file", str(self.settings.root / "compose.yaml")] if file else []
        return ["docker", "compose", "--project-name", self.settings.stack, *where, *arguments]

    def environment(self) -> dict[str, str]:
        """Returns the environment such a command line needs."""
        own = {"SANDBOX_STACK": self.settings.stack, "SANDBOX_COMMAND": self.settings.program}
        return {**self.engine.environment(), **own, **self.variables}

    def call(self, *arguments: str, file: bool = True) -> str:
        """Runs it to its end and returns its stdout.

        Raises:
            StackError: It ended with an error.
            KeyboardInterrupt: Ctrl-C has ended it, a moment before this process took notice.
        """
        argv = self.argv(*arguments, file=file)
        done = subprocess.run(
            argv, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode in {INTERRUPTED, -signal.SIGINT}:
            raise KeyboardInterrupt
        if done.returncode:
            tail = "\n".join(done.stderr.strip().splitlines()[-TAIL_LINES:])
            raise StackError(
                f"`{' '.join(argv)}` ended with exit code {done.returncode}:\n{tail}", hint="sandbox doctor"
            )
        return done.stdout
