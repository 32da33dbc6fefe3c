"""`spark-etl replay`: one feature of a run again, and how it compares."""

from __future__ import annotations

import json
import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from spark_etl.command_line import INTERRUPTED
from spark_etl.commands.run import show_error
from spark_etl.dates import parse_date
from spark_etl.debugging.origin import Origin, find_origin
from spark_etl.debugging.replay import Replayed, replay
from spark_etl.debugging.request import ReplayRequest
from spark_etl.debugging.verdict import Verdict
from spark_etl.errors import ArgumentError, ReadError, SparkEtlError
from spark_etl.printable import printable, printable_json
from spark_etl.reading import Runs
from spark_etl.reading.commands import run_page
from spark_etl.runner.backend import resolve_remote
from spark_etl.runner.launcher import program
from spark_etl.runner.options import scratch_path, split_names
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.signals import raise_on_signals
from spark_etl.storage import is_s3, join, normalise
from spark_etl.store import USERS, run_name, top_scratch
from spark_etl.user_code import no_hard_exit


def replay_command(arguments: Namespace, progress: Progress) -> int:
    """Replays and returns the exit code: that of the verdict, or 2, 5, 130.

    Raises:
        SparkEtlError: It can't be replayed.
    """
    request = replay_request(arguments)
    try:
        with raise_on_signals(), no_hard_exit():
            replayed = replay(request, progress)
    except SparkEtlError as error:
        if request.compute and arguments.json:
            _write_json({"error": printable(error.message)})
        raise
    with suppress(SparkEtlError, OSError):
        _show(replayed, request, progress)
        replayed.outcome.record.store_log()
    if arguments.json:
        _write_json(summary(replayed))
    return _exit_code(replayed)


def replay_request(arguments: Namespace) -> ReplayRequest:
    """Returns what a command line asks for.

    Raises:
        ArgumentError: It makes no sense, or there is no such run.
    """
    scratch = scratch_path(arguments)
    runs = Runs(scratch)
    origin = find_origin(runs, arguments.run, other_code=arguments.code is not None)
    code = None if arguments.code is None else Path(arguments.code)
    if code is not None and not code.is_dir():
        raise ArgumentError(f"--code {code}: no such folder", hint="the folder of the feature config and its modules")
    dates = {
        name: parse_date(value, f"--{name}-date") if value else None
        for name, value in (("start", arguments.start_date), ("end", arguments.end_date))
    }
    return ReplayRequest(
        origin=origin,
        runs=runs,
        into=normalise(arguments.into) if arguments.into else _own_scratch(origin.run.stored.scratch, runs.scratch),
        code=code,
        code_text=arguments.code_name,
        local=arguments.local or None,
        remote=None if arguments.remote is None else resolve_remote(arguments.remote, local=arguments.local),
        allow_changed_sources=arguments.allow_changed_sources,
        compute=split_names([arguments.compute]) if arguments.compute else (),
        exact=arguments.exact,
        debug=arguments.debug,
        **dates,
    )


def _own_scratch(scratch: str, known: str) -> str:
    """Returns where a replay is kept: beside its run, unless a user may write there, or this is a user's server."""
    user = os.environ.get("JUPYTERHUB_USER")
    if user and is_s3(known):
        return join(top_scratch(known), USERS, user)
    return known if f"/{USERS}/" in f"{scratch.removeprefix(known)}/" else scratch


def _show(replayed: Replayed, request: ReplayRequest, progress: Progress) -> None:
    outcome = replayed.outcome
    if outcome.error and not outcome.is_reported:
        show_error(outcome.error, progress, debug=request.debug)
    name = run_name(outcome.run.root, request.runs.scratch)
    if replayed.verdict is None:
        progress.line(f"{outcome.status}: {outcome.run.root}")
        return
    for line in replayed.verdict.lines():
        progress.line(line)
    progress.line(f"  kept as run {name}")
    if program():
        progress.line(f"  next: {next_command(replayed.verdict, request.origin, name)}")
    if page := run_page(outcome.run.root):
        progress.line(f"  its page: {page}")


def next_command(verdict: Verdict, origin: Origin, name: str) -> str:
    """Returns what to do next: go on with the fix, or look at the replay.

    Args:
        verdict: Of the replay.
        origin: The run and the feature.
        name: Of the replay.
    """
    if verdict.answer == "no longer fails" and origin.run.kind == "run":
        return f"{program()} run --resume {shlex.quote(origin.run.name)}"
    return f"{program()} runs show {shlex.quote(name)}"


def summary(replayed: Replayed) -> dict[str, object]:
    """Returns what `--json` prints."""
    run = replayed.outcome.run
    known = {"run_id": run.run_id, "path": run.root, "status": replayed.outcome.status}
    error = replayed.outcome.error or replayed.refused
    return {
        **known,
        "verdict": replayed.verdict.to_dict() if replayed.verdict else None,
        "notes": [*replayed.notes],
        "error": printable(error.message) if error else None,
    }


def _write_json(content: Mapping[str, object]) -> None:
    sys.stdout.write(printable_json(json.dumps(content, default=str)) + "\n")
    sys.stdout.flush()


def _exit_code(replayed: Replayed) -> int:
    if replayed.outcome.status == "interrupted":
        return INTERRUPTED
    if replayed.verdict is not None:
        return replayed.verdict.exit_code
    error = replayed.outcome.error or replayed.refused
    code = error.exit_code if error else 0
    return ArgumentError.exit_code if code == ReadError.exit_code else code  # 1 says that rows differ
