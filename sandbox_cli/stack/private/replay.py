"""`sandbox replay` of an imported run: its code runs in a place of its own, which is gone afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from spark_etl.debugging.origin import Origin
from spark_etl.names import listing
from spark_etl.units import format_bytes, format_count

from sandbox_cli.console import Console
from sandbox_cli.stack.pipelines import project, submit
from sandbox_cli.stack.pipelines.replay import Code, driver_options
from sandbox_cli.stack.private import driver
from sandbox_cli.stack.private.collecting import collect, runs_beside
from sandbox_cli.stack.private.loading import load
from sandbox_cli.stack.private.place import Place, new_place
from sandbox_cli.stack.private.store import PrivateStore, start_store
from sandbox_cli.stack.session import Session

LOCAL = "--local"


def replay(
    console: Console,
    session: Session,
    origin: Origin,
    code: Code | None,
    arguments: Sequence[str],
    *,
    requirements: Path | None = None,
) -> int:
    """Replays in a place of its own, keeps the replay on the stack, and returns the runner's exit code.

    Args:
        console: Shows progress.
        session: The stack, of which the store is needed.
        origin: The run and the feature, which is trusted.
        code: Other code for it.
        arguments: More of the runner's options.
        requirements: Packages for it; None: those that the run had.

    Raises:
        spark_etl.errors.ConfigError: The config of the other code makes no sense.
        StackError: The private store does not answer.
    """
    options = driver_options(console, session, origin, code, requirements=requirements)
    with ExitStack() as stack:
        words = [LOCAL, *(word for word in arguments if word != LOCAL)]
        if code is not None:
            folder = stack.enter_context(project.readable(session.settings, code.folder, console.info))
            options += submit.project_options(folder, code.shown, code.git)
            words += ["--code", project.INSIDE, "--code-name", code.text]
        place = stack.enter_context(new_place(session.engine, session.settings))
        store = _filled_store(console, session, place, origin)
        command = ["python", "-m", "spark_etl", "replay", f"{origin.run.path}/{origin.feature}"]
        command += ["--scratch-path", session.runs.scratch, *words]
        before = runs_beside(store, origin.run)
        try:
            return driver.run(session, place, store, command, options)
        finally:
            collect(console, session, store, origin.run, before)


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
