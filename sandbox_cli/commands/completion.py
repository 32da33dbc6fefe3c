"""What a shell offers at TAB: verbs come from Typer, the values of arguments from here.

Whoever presses TAB waits, with a half-written line on the screen. So what can't be known at once is not offered, and
nothing is ever printed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from sandbox_cli.settings import Settings, checked_stack

MOST_SECONDS = 3
ValuesAfter = Callable[[Settings, str], Iterable[str]]  # which depend on what is typed so far


def offered(find: Callable[[], Iterable[str]], incomplete: str) -> list[str]:
    """Returns what can follow, as far as that can be found out: a TAB is no place for an error.

    Args:
        find: Returns all there is.
        incomplete: What is typed so far.
    """
    found: list[str] = []
    with _silence(), _at_most(MOST_SECONDS), suppress(Exception):
        found.extend(text for text in find() if text.startswith(incomplete) and text.isprintable())
    return found


def stack_of(options: Mapping[str, Any]) -> Settings:
    """Returns the settings of the stack that the line means so far."""
    return Settings(stack=checked_stack(options.get("stack")))


# Parameter → the function of `known_values` that finds its values.
BY_PARAMETER = {
    "stack": "stacks",
    "run": "run_ids",
    "run_a": "comparable",
    "run_b": "comparable",
    "resume": "resumable_ids",
    "into": "adopted_ids",
    "service": "services_and_servers",
    "page": "pages",
    "status": "statuses",
    "checks": "checks",
    "user": "users",
    "name": "users",
}
BY_PARAMETER_AND_TEXT = {"debugged": "replayable", "replayed": "replayable"}


def has_values(parameter: str) -> bool:
    """Returns whether values of a parameter can be known."""
    return parameter in BY_PARAMETER or parameter in BY_PARAMETER_AND_TEXT


def values_of(parameter: str) -> ValuesAfter:
    """Returns what finds the values of a parameter that has some."""
    if parameter in BY_PARAMETER_AND_TEXT:
        return finder(BY_PARAMETER_AND_TEXT[parameter])
    find = finder(BY_PARAMETER[parameter])
    return lambda settings, _: find(settings)


def finder(name: str) -> Callable[..., Iterable[str]]:
    """Returns a function of `known_values`, which is imported here: before the time begins that `offered` allows."""
    from sandbox_cli.commands import known_values  # noqa: PLC0415 - the parts of the stack, for whom presses TAB alone

    found: Callable[..., Iterable[str]] = getattr(known_values, name)
    return found


@contextmanager
def _silence() -> Iterator[None]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere), redirect_stdout(nowhere):
        yield


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Ends the whole process, without a word, when the block takes longer: threads may hold it up."""

    def end(*_: object) -> None:
        os._exit(0)

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
