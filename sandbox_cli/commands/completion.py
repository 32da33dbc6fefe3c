"""What a shell offers at TAB: verbs come from Typer, the values of arguments from here.

Whoever presses TAB waits, with a half-written line on the screen. So what can't be known at once is not offered, and
nothing is ever printed.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from spark_etl.command_line import run_options
from spark_etl.config import load_config
from spark_etl.reading import Run, Runs
from spark_etl.reading.run import STATUSES
from spark_etl.store import USERS

from sandbox_cli.settings import STACK_NAME, Settings, checked_stack
from sandbox_cli.stack import services, session
from sandbox_cli.stack.doctor import CHECK_NAMES
from sandbox_cli.stack.hub import accounts

MOST_RUNS = 30
CONNECT_SECONDS = 0.3
MOST_SECONDS = 3
FEATURES_FOLLOW = "--checkpoint"
OWN_OPTIONS = ("--requirements", "--help")
Values = Callable[[Settings], Iterable[str]]
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


def stacks(settings: Settings) -> Iterator[str]:
    """Yields the stacks that have a state folder."""
    folders = sorted(settings.state_home.iterdir())
    yield from (folder.name for folder in folders if folder.is_dir() and STACK_NAME.fullmatch(folder.name))


def run_ids(settings: Settings) -> Iterator[str]:
    """Yields `latest` and the ids of the newest runs."""
    yield "latest"
    yield from _newest(settings)


def comparable(settings: Settings) -> Iterator[str]:
    """Yields the names of runs that are compared most, and the ids of the newest runs."""
    yield from ("latest", "last-success")
    yield from _newest(settings)


def adopted_ids(settings: Settings) -> Iterator[str]:
    """Yields the ids of the newest adopted runs, to which features can be added."""
    yield from _newest(settings, "adopted")


def resumable_ids(settings: Settings) -> Iterator[str]:
    """Yields `latest` and the ids of the newest runs that can be resumed."""
    yield "latest"
    yield from _newest(settings, "run")


def replayable(settings: Settings, typed: str) -> Iterator[str]:
    """Yields `latest` and the newest runs; behind a run and a slash, its features."""
    name, slash, _ = typed.rpartition("/")
    if not slash or typed.startswith(f"{USERS}/"):
        yield from run_ids(settings)
    if slash:
        runs = _runs(settings)
        yield from (f"{name}/{feature}" for feature in _run_called(runs, name).features)


def _newest(settings: Settings, kind: str | None = None) -> Iterator[str]:
    yield from (run.name for run in _runs(settings).list(limit=MOST_RUNS, kind=kind))


def _runs(settings: Settings) -> Runs:
    found = session.Session(None, settings)  # type: ignore[arg-type]  # the store is reached without the engine
    socket.create_connection(("127.0.0.1", found.ports["s3"]), timeout=CONNECT_SECONDS).close()
    return found.runs


def _run_called(runs: Runs, name: str) -> Run:
    return runs.latest() if name == "latest" else runs[name]


def users(settings: Settings) -> Iterator[str]:
    """Yields the accounts whose passwords were generated here."""
    yield from sorted(accounts.remembered(settings))


def services_and_servers(settings: Settings) -> Iterator[str]:
    """Yields what has logs."""
    yield from services.SERVICES
    yield from (f"user:{name}" for name in users(settings))


BY_PARAMETER: dict[str, Values] = {
    "stack": stacks,
    "run": run_ids,
    "run_a": comparable,
    "run_b": comparable,
    "resume": resumable_ids,
    "into": adopted_ids,
    "service": services_and_servers,
    "page": lambda _: ("hub", "runs", "shelf", "spark", "history", "s3", "mail"),
    "status": lambda _: STATUSES,
    "checks": lambda _: CHECK_NAMES,
    "user": users,
    "name": users,
}

BY_PARAMETER_AND_TEXT: dict[str, ValuesAfter] = {"debugged": replayable, "replayed": replayable}


def values_of(parameter: str) -> ValuesAfter | None:
    """Returns what finds the values of a parameter; None for one of which none are known."""
    values = BY_PARAMETER.get(parameter)
    return (lambda settings, _: values(settings)) if values else BY_PARAMETER_AND_TEXT.get(parameter)


def of_run(config: str, resumed: str, words: Sequence[str], incomplete: str) -> list[str]:
    """Returns what can follow in `sandbox run CONFIG …`: options, features after `--checkpoint`, runs after `--resume`.

    Args:
        config: The config, if the line has one.
        resumed: The run that is resumed, if the line has one.
        words: The runner's own words so far.
        incomplete: What is typed of the next one.
    """
    if config.startswith("-"):  # Typer takes the first of the runner's options for it, where the line has none
        config, words = "", [config, *words]
    if incomplete.startswith("-"):
        names = (word for option in run_options() for word in re.findall(r"--[\w-]+", option.replace("[no-]", "")))
        return offered(lambda: dict.fromkeys([*OWN_OPTIONS, *names]), incomplete)
    option = next((word for word in reversed(words) if word.startswith("--")), "")
    if option == FEATURES_FOLLOW:
        before, comma, rest = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in offered(lambda: _features(config, resumed), rest)]
    return []


def _features(config: str, resumed: str) -> Iterable[str]:
    """Returns the features of the config, or else of the run that is resumed."""
    if config:
        path = Path(config)
        return load_config(path / "feature_config.yaml" if path.is_dir() else path).features
    return _run_called(_runs(stack_of({})), resumed).features


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
