"""Runs that are at work in containers of this stack, whoever started them: followed, and ended."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from spark_etl.printable import printable
from spark_etl.reading import Run

from sandbox_cli.errors import SandboxError, UsageError
from sandbox_cli.stack import passing, services
from sandbox_cli.stack.health import poll
from sandbox_cli.stack.pipelines.driver import STOP_SECONDS
from sandbox_cli.stack.session import Session

EXIT_CODES = {"succeeded": 0, "failed": 5, "interrupted": 130}
DIED = 5
LOOK_SECONDS = 2.0
RECORDED_SECONDS = 30


@dataclass(frozen=True)
class RunningRun:
    """A run that is at work.

    Attributes:
        run: The run.
        container: Where it runs.
        is_driver: Whether the container is there for this run alone; else it is a user's server.
    """

    run: Run
    container: Container
    is_driver: bool


def find(session: Session, name: str) -> RunningRun:
    """Returns the running run of an id, of its beginning or end, or the `latest` that runs.

    Raises:
        UsageError: It has ended.
        SandboxError: It runs in no container of this stack.
    """
    run = session.runs.latest(status="running") if name == "latest" else session.runs[name]
    if run.status != "running":
        raise UsageError(f"Run {run.name} is not running: {run.status}.", hint=f"sandbox runs show {run.name}")
    host = run.document.by.get("host", "")
    container = _container(session, host)
    if container is None or not _may_run(container, run):
        raise SandboxError(
            f"Run {run.name} is not of this machine: it runs on `{host}`, which is no container of the stack "
            f"`{session.settings.stack}`.",
            hint=f"on that machine, or if it has just died: `sandbox runs show {run.name}`",
        )
    return RunningRun(run, container, services.is_driver(container.labels))


def _may_run(container: Container, run: Run) -> bool:
    """Returns whether a run can be at work in a container: what a user keeps in theirs, any other in a driver.

    A user writes the documents of their own runs, and may name there the container of somebody else.
    """
    folder, *rest = run.name.split("/")
    if folder == "users" and rest:
        return bool(container.labels.get(services.USER) == rest[0])
    return services.is_driver(container.labels)


def _container(session: Session, host: str) -> Container | None:
    """Returns the container of this stack whose host name that is: a container's is how its id begins."""
    if not re.fullmatch(r"[0-9a-f]{12,64}", host):
        return None
    try:
        container = session.engine.client.containers.get(host)
    except (NotFound, APIError):
        return None
    owners = {container.labels.get(services.PROJECT), container.labels.get(services.STACK)}
    return container if session.settings.stack in owners else None


def attach(session: Session, found: RunningRun, *, tail: int | None) -> int:
    """Shows what a run has said and says, to its end; returns the exit code of the run.

    Args:
        session: The stack.
        found: The run.
        tail: Only so many of the lines until now; all if None.
    """
    if not found.is_driver:
        return _follow_log(found.run, tail)
    code: list[int] = []
    waiting = threading.Thread(target=lambda: code.append(_wait(found.container)), daemon=True)
    waiting.start()  # before the end: whoever started the run removes the container then
    argv = ["docker", "logs", "--follow", "--tail", "all" if tail is None else str(tail), str(found.container.id)]
    process = subprocess.Popen(
        argv, env=session.engine.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        passing.to_the_end(process, session.settings.stack, redrawn=True)
    finally:
        process.kill()  # Ctrl-C: the run goes on, what shows its log does not
    waiting.join()
    if code[0] >= 0:
        return code[0]
    return EXIT_CODES.get(found.run.reload().status, DIED)


def _wait(container: Container) -> int:
    """Returns the exit code of a container when it has ended; -1 if it was removed meanwhile."""
    try:
        return int(container.wait()["StatusCode"])
    except (NotFound, APIError):
        return -1


def _follow_log(run: Run, tail: int | None) -> int:
    """Shows the log of a run as it is kept with the run, every few seconds, to its end."""
    lines = run.log.splitlines()
    _write(lines if tail is None else lines[len(lines) - tail :] if tail else [])
    for newer in _newer_lines(run, len(lines)):
        _write(newer)
    return EXIT_CODES.get(run.status, DIED)


def _newer_lines(run: Run, shown: int) -> Iterator[list[str]]:
    while True:
        is_running = run.reload().status == "running"
        lines = run.log.splitlines()
        yield lines[shown:]
        shown = len(lines)
        if not is_running:
            return
        time.sleep(LOOK_SECONDS)


def _write(lines: list[str]) -> None:
    for line in lines:
        sys.stderr.write(printable(line) + "\n")
    sys.stderr.flush()


def stop(found: RunningRun) -> str:
    """Ends a run as Ctrl-C does, waits until that is recorded, and returns its status.

    Raises:
        SandboxError: It can't be ended, or does not end.
    """
    if found.is_driver:
        with contextlib.suppress(NotFound):
            found.container.stop(timeout=STOP_SECONDS)
    else:
        _terminate(found)
    poll(lambda: found.run.reload().status != "running", seconds=RECORDED_SECONDS)
    if found.is_driver:
        with contextlib.suppress(NotFound, APIError):  # whoever started it may have removed it
            found.container.remove(force=True)
    if found.run.status == "running":
        raise SandboxError(
            f"Run {found.run.name} did not record its end: its driver was killed.",
            hint=f"a minute from now it reads `died`: `sandbox runs show {found.run.name}`",
        )
    return found.run.status


def _terminate(found: RunningRun) -> None:
    """Sends SIGTERM to the one process of a user's server that is the run."""
    process = found.run.document.by.get("pid", "")
    if not process.isdecimal():
        raise SandboxError(
            f"Run {found.run.name} runs in {found.container.name}, and does not say as which process.",
            hint="end it there: Ctrl-C in its terminal, or interrupt its notebook",
        )
    done = found.container.exec_run(["kill", "-TERM", process])
    if done.exit_code:
        said = str(done.output)
        raise SandboxError(f"Run {found.run.name} can't be ended in {found.container.name}: {said}")
