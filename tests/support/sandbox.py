"""The `sandbox` command as a user types it: a process, its exit code, its two streams."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox_cli.settings import Settings
from tests.support import documented

if TYPE_CHECKING:
    from sandbox_cli.testing.compose import SandboxCompose

ROOT = Path(__file__).resolve().parents[2]
HOME_LIMIT = "512m"  # what a test can write in a moment


@dataclass(frozen=True)
class Done:
    """A finished call: what it printed, how it ended, how long it took."""

    argv: tuple[str, ...]
    exit_code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)

    def __str__(self) -> str:
        return (
            f"$ sandbox {' '.join(self.argv)}\nexit code {self.exit_code} after {self.seconds:.1f}s\n"
            f"--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-6000:]}"
        )


@dataclass(frozen=True)
class Sandbox:
    """The command, bound to a stack name and a state folder of its own."""

    stack: str
    state_home: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """The stack's state folder."""
        return self.state_home / self.stack

    def secret(self, name: str) -> str:
        """Returns a generated secret by its name in secrets.json."""
        value: str = json.loads((self.state / "secrets.json").read_text())[name]
        return value

    def password(self, account: str) -> str:
        """Returns the generated password of one of the stack's own accounts."""
        accounts = json.loads((self.state / "accounts.json").read_text())
        value = accounts[account]
        return str(value["password"] if isinstance(value, dict) else value)

    def port(self, name: str) -> int:
        """Returns a published port by its name in ports.json."""
        return int(json.loads((self.state / "ports.json").read_text())[name])

    def env(self, **more: str) -> dict[str, str]:
        """Returns the environment the command runs in."""
        own = {
            "SANDBOX_STACK": self.stack,
            "SANDBOX_STATE_DIR": str(self.state_home),
            "SANDBOX_HOME_LIMIT": HOME_LIMIT,
            "COLUMNS": "200",
        }
        return {**os.environ, **own, **self.environment, **more}

    def popen(self, *argv: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Starts the command in a session of its own, without a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox_cli.app", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd or ROOT,
            env=self.env(**(env or {})),
            start_new_session=True,
        )

    def try_(
        self, *argv: str, timeout: float = 300, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> Done:
        """Runs the command to its end, however it ends; kills it with all its children after `timeout` seconds."""
        started = time.monotonic()
        process = self.popen(*argv, env=env, cwd=cwd)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            done = Done(argv, -9, out, err, time.monotonic() - started)
            raise AssertionError(f"no end after {timeout:.0f}s\n{done}") from None
        self._record(argv, process)
        return Done(argv, process.returncode, out, err, time.monotonic() - started)

    def __call__(
        self,
        *argv: str,
        code: int = 0,
        timeout: float = 300,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Done:
        """Runs the command and fails the test unless it ended with `code`, without a traceback."""
        done = self.try_(*argv, timeout=timeout, env=env, cwd=cwd)
        assert done.exit_code == code, f"wanted exit code {code}\n{done}"
        assert "Traceback (most recent call last)" not in done.err, str(done)
        return done

    def compose(self, *options: str, timeout: float) -> SandboxCompose:
        """Returns the stack as testcontainers shows it; its start is this command's `up` with these options."""
        from sandbox_cli.testing.compose import SandboxCompose  # noqa: PLC0415 - unit tests need no testcontainers

        settings = Settings(stack=self.stack, state_home=self.state_home)
        return SandboxCompose(partial(self, timeout=timeout), settings, options)

    def restore(self) -> None:
        """Brings the stack up again after a test took something of it away."""
        self("up", "--no-smoke-test", "--json", timeout=240)

    @contextmanager
    def running(self, *argv: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        """Runs the command in the background; it is interrupted, as by Ctrl-C, when the block ends."""
        process = self.popen(*argv, env=env)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate(timeout=60)
            self._record(argv, process)

    def _record(self, argv: tuple[str, ...], process: subprocess.Popen[str]) -> None:
        if process.returncode == 0:
            documented.record(self.stack, argv)


def until(predicate: Callable[[], Any], *, within: float, what: str, every: float = 0.25) -> Any:
    """Polls until the predicate returns something true and returns that; fails with what it saw last."""
    deadline = time.monotonic() + within
    while True:
        seen = predicate()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within:.0f}s; last seen: {seen!r}")
        time.sleep(every)
