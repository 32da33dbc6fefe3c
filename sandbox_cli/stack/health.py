"""Waiting, with a testimony: who is not ready, in which state, and what it said last."""

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
    """Returns the first true answer of the predicate, None if there was none in time."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := predicate():
            return answer
        if time.monotonic() > deadline:
            return None
        time.sleep(every)


def wait_ready(
    engine: Engine, settings: Settings, stage: Stage, wanted: Sequence[str], *, seconds: float = SECONDS
) -> None:
    """Returns once the wanted services are running and healthy.

    Raises:
        StackError: They are not, in time or because one keeps dying; with state, health and last lines of each.
    """
    shown = ""

    def ready() -> bool:
        nonlocal shown
        wrong = services.unready(services.parts(engine, settings), wanted)
        if wrong and (waiting := ", ".join(wrong)) != shown:
            stage.update(f"waiting for {waiting}")
            shown = waiting
        return not wrong

    if not poll(ready, seconds=seconds):
        raise StackError(testimony(engine, settings, wanted, seconds), hint="sandbox doctor")


def testimony(engine: Engine, settings: Settings, wanted: Sequence[str], seconds: float) -> str:
    """Returns what is wrong with each service that is not ready, and its last log lines."""
    found = services.parts(engine, settings)
    wrong = services.unready(found, wanted)
    if not wrong:
        return f"{', '.join(wanted)}: healthy inside, but out of reach from here after {seconds:.0f} s."
    lines = [f"Not healthy after {seconds:.0f} s:"]
    for name, what in wrong.items():
        lines.append(f"  {name}: {what}")
        for part in [part for part in found if part.service == name and not part.ready][:1]:
            lines += [f"    | {line}" for line in services.last_lines(engine, part)]
    return "\n".join(lines)
