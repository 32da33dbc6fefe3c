"""Waiting for services, with diagnostics: which is not ready, in which state, and what it logged last."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import services
from sandbox_cli.stack.engine.connection import Engine

T = TypeVar("T")
POLL_SECONDS = 0.25
SECONDS = 180.0


def poll(predicate: Callable[[], T | None], *, seconds: float, every: float = POLL_SECONDS) -> T | None:
    """Returns the first true result of the predicate, None if there was none in time."""
    deadline = time.monotonic() + seconds
    while True:
        if result := predicate():
            return result
        if time.monotonic() > deadline:
            return None
        time.sleep(every)


def wait_ready(
    engine: Engine, settings: Settings, stage: Stage, names: Sequence[str], *, seconds: float = SECONDS
) -> None:
    """Returns once the named services are running and healthy.

    Raises:
        StackError: They are not, in time or because one keeps dying; with state, health and last lines of each.
    """
    shown = ""

    def ready() -> bool:
        nonlocal shown
        problems = services.unready(services.containers(engine, settings), names)
        if problems and (waiting := ", ".join(problems)) != shown:
            stage.update(f"waiting for {waiting}")
            shown = waiting
        return not problems

    if not poll(ready, seconds=seconds):
        raise StackError(diagnostics(engine, settings, names, seconds), hint="sandbox doctor")


def diagnostics(engine: Engine, settings: Settings, names: Sequence[str], seconds: float) -> str:
    """Returns what is wrong with each service that is not ready, and its last log lines."""
    containers = services.containers(engine, settings)
    problems = services.unready(containers, names)
    if not problems:
        return f"{', '.join(names)}: healthy inside, but out of reach from here after {seconds:.0f} s."
    lines = [f"Not healthy after {seconds:.0f} s:"]
    for name, problem in problems.items():
        lines.append(f"  {name}: {problem}")
        for container in [each for each in containers if each.service == name and not each.ready][:1]:
            lines += [f"    | {line}" for line in services.last_lines(engine, container)]
    return "\n".join(lines)
