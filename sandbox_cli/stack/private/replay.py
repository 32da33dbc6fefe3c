"""`sandbox replay` of an imported run: its code runs in a place of its own, which is gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from spark_etl.debugging.origin import Origin
from spark_etl.names import listing
from spark_etl.units import format_bytes, format_count

from sandbox_cli.console import Console
from sandbox_cli.errors import PipelineError, SandboxError
from sandbox_cli.stack.pipelines.replay import Code, prepared
from sandbox_cli.stack.private import driver, room
from sandbox_cli.stack.private.collecting import collect, runs_beside
from sandbox_cli.stack.private.loading import load
from sandbox_cli.stack.private.place import Place, folder_of, new_place
from sandbox_cli.stack.private.store import PrivateStore, start_store
from sandbox_cli.stack.session import Session

LOCAL = "--local"
MINUTES = 30


def replay(
    console: Console,
    session: Session,
    origin: Origin,
    code: Code | None,
    arguments: Sequence[str],
    *,
    requirements: Path | None = None,
    minutes: int = MINUTES,
) -> int:
    """Replays in a place of its own, keeps the replay on the stack, and returns the runner's exit code.

    Args:
        console: Shows progress.
        session: The stack, of which the store is needed.
        origin: The run and the feature, which is trusted.
        code: Other code for it.
        arguments: More of the runner's options.
        requirements: Packages for it; None: those that the run had.
        minutes: How long its code may run.

    Raises:
        spark_etl.errors.ConfigError: The config of the other code makes no sense.
        StackError: The private store does not answer.
        PipelineError: Its time was over.
        SandboxError: What its code has written is not kept.
    """
    room.most_bytes()  # a wrong size is refused before anything is started
    words = [LOCAL, *(word for word in arguments if word != LOCAL)]
    with (
        prepared(console, session, origin, code, words, requirements=requirements) as (command, options),
        new_place(session.engine, session.settings) as place,
    ):
        store = _filled_store(console, session, place, origin)
        with _collected(console, session, place, store, origin) as refused:
            try:
                exit_code = driver.run(session, place, store, command, options, seconds=60 * minutes)
            except driver.TimeOverError as error:
                raise _too_long(origin, minutes) from error
    if refused:
        raise SandboxError(
            f"Of this replay, {format_count(len(refused), 'run')} could not be kept; the reasons are above.",
            hint=f"sandbox runs show {origin.run.name}",
        )
    return exit_code


@contextmanager
def _collected(
    console: Console, session: Session, place: Place, store: PrivateStore, origin: Origin
) -> Iterator[list[str]]:
    """Keeps the replays that the block makes, however it ends; gives a list which then has why some are not kept."""
    before = runs_beside(store, origin.run)
    refused: list[str] = []
    try:
        yield refused
    finally:
        folder = folder_of(session.settings, place)
        refused += collect(console, session, store, origin.run, folder, before=before).refused
        for line in refused:
            console.warn(line)


def _too_long(origin: Origin, minutes: int) -> PipelineError:
    name = f"{origin.run.name}/{origin.feature}"
    return PipelineError(
        f"The code of {name} has run for {format_count(minutes, 'minute')}, which is its time limit: it was stopped, "
        "and its containers are removed.",
        hint=f"sandbox replay {name} --time-limit {2 * minutes}",
    )


def _filled_store(console: Console, session: Session, place: Place, origin: Origin) -> PrivateStore:
    with console.stage("private store") as stage:
        stage.update("starting")
        store = start_store(session, place)
        stage.update(f"copying run {origin.run.name}")
        loaded = load(session, store, origin.run)
        stage.result = f"{format_count(loaded.objects, 'object')}, {format_bytes(loaded.bytes)}"
    if loaded.elsewhere:
        console.warn(f"files of another machine, there as far as rows of them were kept: {listing(loaded.elsewhere)}")
    return store
