"""The `sandbox` command as a process, bound to one stack."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox_cli.errors import SandboxError, StackError

TAIL_LINES = 30
OnLine = Callable[[str], None]
END_SECONDS = 90  # what an interrupted command may take to put things in order


@dataclass(frozen=True)
class Completed:
    """A command that has ended.

    Attributes:
        argv: Its arguments.
        code: Its exit code.
        out: What it printed: data.
        err: What it said.
    """

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    def error(self) -> SandboxError:
        """Returns the error of a command that has failed, with the end of what it said."""
        said = "\n".join(self.err.strip().splitlines()[-TAIL_LINES:])
        return StackError(f"`sandbox {' '.join(self.argv)}` ended with exit code {self.code}:\n{said}")


@dataclass(frozen=True)
class Command:
    """The command of a checkout, for one stack.

    Attributes:
        words: How it is called; see `sandbox_cli.testing.checkout`.
        stack: The stack's name.
        state_home: Where the stack's state folder lies.
        variables: Further variables of its environment.
    """

    words: Sequence[str]
    stack: str
    state_home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Returns the environment it runs in: this process's, with the stack's name and state."""
        own = {"SANDBOX_STACK": self.stack, "SANDBOX_STATE_DIR": str(self.state_home)}
        return {**os.environ, **self.variables, **own}

    def run(self, *argv: str, cwd: Path | None = None, on_line: OnLine | None = None) -> Completed:
        """Runs it to its end, however that is.

        It is in a session of its own: Ctrl-C reaches this process only, which passes it on once, and waits.

        Args:
            argv: The verb and its options.
            cwd: Where.
            on_line: Gets each line that it says, as it comes.
        """
        process = subprocess.Popen(
            [*self.words, *argv],
            cwd=cwd,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            out, err = _read(process, on_line)
        except BaseException:
            _end(process)
            raise
        return Completed(argv, process.returncode, out, err)

    def __call__(self, *argv: str, cwd: Path | None = None, on_line: OnLine | None = None) -> Completed:
        """Runs it to its end.

        Raises:
            StackError: It ended with another exit code than 0.
        """
        done = self.run(*argv, cwd=cwd, on_line=on_line)
        if done.code:
            raise done.error()
        return done


def _read(process: subprocess.Popen[str], on_line: OnLine | None) -> tuple[str, str]:
    """Returns stdout and stderr, as they are when the process has ended."""
    said: list[str] = []

    def take() -> None:
        for line in process.stderr or ():
            said.append(line)
            if on_line is not None:
                on_line(line.rstrip())

    listener = threading.Thread(target=take, daemon=True)
    listener.start()
    out = process.stdout.read() if process.stdout else ""
    process.wait()
    listener.join()
    return out, "".join(said)


def _end(process: subprocess.Popen[str]) -> None:
    """Interrupts a command, and kills it with its children if it does not end."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=END_SECONDS)
    except BaseException:  # noqa: BLE001 - another Ctrl-C, or no end: nothing may go on in the background
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
