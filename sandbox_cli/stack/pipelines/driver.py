"""A one-off container of the `runner` service: the driver of a pipeline, or what has to run beside one."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from docker.errors import APIError, NotFound

from sandbox_cli.console import CLEAR_LINE
from sandbox_cli.stack import passing, services
from sandbox_cli.stack.engine import answers
from sandbox_cli.stack.session import Session

STOP_SECONDS = 25


@dataclass(frozen=True)
class DriverResult:
    """How a driver ended.

    Attributes:
        exit_code: Of the command inside; 130 if it was interrupted.
        out: Its stdout, where that was captured.
    """

    exit_code: int
    out: str


def run(
    session: Session, command: Sequence[str], *, options: Sequence[str] = (), capture: bool = False, quiet: bool = False
) -> DriverResult:
    """Runs a command in a driver container, to its end; its stderr is passed on as it comes.

    Interrupted, it stops the container first, so that the run inside can record how it ended.

    Args:
        session: The stack.
        command: What to run in the `runner` role.
        options: More options of `docker compose run`.
        capture: Return its stdout instead of passing it on.
        quiet: Don't pass its stderr on, but return it as part of `out`.
    """
    name = f"{session.settings.stack}-driver-{uuid.uuid4().hex[:8]}"
    argv = session.compose.run_argv(["--name", name, *options], "runner", ["runner", *command])
    process = subprocess.Popen(
        argv,
        env=session.compose.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if quiet else subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches this process only, which passes it on once
    )
    try:
        printed = passing.to_the_end(process, session.settings.stack, keep_stdout=capture or quiet)
    except KeyboardInterrupt:
        stop(session, name, process)
        raise
    return DriverResult(process.returncode, printed)


def stop_leftovers(session: Session, label: str) -> None:
    """Stops the drivers with this label that an interrupted command left at work."""
    wanted = [label, f"{services.PROJECT}={session.settings.stack}"]
    find = session.engine.client.containers.list
    for container in answers.of_all(lambda: find(filters={"label": wanted}, sparse=True)):
        with contextlib.suppress(APIError):
            answers.end(container, seconds=STOP_SECONDS)  # the client that started it removes it, too


def stop(session: Session, name: str, process: subprocess.Popen[bytes], why: str = "interrupted") -> None:
    """Stops a driver, waits for it, and kills it if need be; another signal doesn't interrupt that.

    Args:
        session: The stack.
        name: The driver's container.
        process: What shows its output.
        why: What is said of it.
    """
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    live = CLEAR_LINE if sys.stderr.isatty() else ""
    sys.stderr.write(f"{live}{why}: stopping the driver …\n")
    try:
        with contextlib.suppress(NotFound, APIError):
            session.engine.client.containers.get(name).stop(timeout=STOP_SECONDS)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        process.kill()
        with contextlib.suppress(NotFound, APIError):
            session.engine.client.containers.get(name).remove(force=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
