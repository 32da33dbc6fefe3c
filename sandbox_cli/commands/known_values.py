"""The values of arguments that a shell offers: runs of the store, accounts, stacks.

`sandbox_cli.commands.completion` says which argument has which; this module is imported at TAB only, as it needs the
parts of the stack.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

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


def pages(_: Settings) -> Iterable[str]:
    """Returns what can be opened."""
    return ("hub", "runs", "shelf", "spark", "history", "s3", "mail")


def statuses(_: Settings) -> Iterable[str]:
    """Returns what a run can be."""
    return STATUSES


def checks(_: Settings) -> Iterable[str]:
    """Returns the checks of `doctor`."""
    return CHECK_NAMES


def features(config: str, resumed: str) -> Iterable[str]:
    """Returns the features of the config, or else of the run that is resumed; of the usual stack."""
    if config:
        path = Path(config)
        return load_config(path / "feature_config.yaml" if path.is_dir() else path).features
    return _run_called(_runs(Settings(stack=checked_stack(None))), resumed).features
