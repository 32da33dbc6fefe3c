"""`run --resume` alone: config, dates, checkpoints and sample are those of the run that is resumed; and whose run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from spark_etl.errors import ArgumentError, ReadError
from spark_etl.reading.catalog import Runs
from spark_etl.reading.run import Run
from spark_etl.storage import is_s3
from spark_etl.store import ADOPTED, DAMAGED

LATEST = "latest"
# Without one of these the rest is taken from the run.
REQUIRED = ("--feature-config", "--start-date", "--end-date")
DATES = ("--start-date", "--end-date")
SAMPLE = ("--sample", "--sample-key", "--keys")
MOST_LOOKED_AT = 500


def is_incomplete(given: Collection[str]) -> bool:
    """Returns whether a command line has `--resume` and leaves out what a run needs.

    Args:
        given: The names of its options.
    """
    return "--resume" in given and any(name not in given for name in REQUIRED)


def run_to_repeat(runs: Runs, resume: str, user: str) -> Run:
    """Returns the run that `--resume` means without a config: that one, or the newest that this user has started.

    Raises:
        ArgumentError: There is none, or it does not say how it was started.
    """
    try:
        found = _newest_of(runs, {user}) if resume == LATEST else runs[resume]
    except ReadError as error:
        raise ArgumentError(f"--resume {resume}: {error.message}", hint=error.hint) from error
    if found is None:
        raise ArgumentError(
            f"--resume without a config goes on from your last run, and {user} has none below {runs.scratch}",
            hint="give a config and dates, or --resume RUN",
        )
    refuse_other_kinds(found, resume)
    if found.status == DAMAGED or not found.document.options or not found.document.config_path:
        raise ArgumentError(
            f"--resume {resume}: run {found.id} does not say which config and dates it had", hint="give them"
        )
    return found


def refuse_other_kinds(run: Run, resume: str) -> None:
    """Refuses to go on from a run that was adopted or imported, or from a replay.

    Raises:
        ArgumentError: It is one.
    """
    if run.document.replay:
        raise ArgumentError(
            f"--resume {resume}: {run.id} is a replay of one feature of run {run.document.replay.run}",
            hint=f"go on from that one: --resume {run.document.replay.run}",
        )
    if run.document.imported:
        raise ArgumentError(
            f"--resume {resume}: run {run.id} was imported, so its rows are those of another stack, or a part of them",
            hint=f"look at it: runs[{run.name!r}]",
        )
    if run.kind == ADOPTED:
        raise ArgumentError(
            f"--resume {resume}: run {run.id} was adopted from {next(iter(run.document.adopted.values()), 'Parquet')}. "
            "Which code and inputs its rows depend on is not known, so none of them can be reused",
            hint="run without --resume; a feature can read an adopted one with "
            f'CheckpointSource("{run.id}", "{next(iter(run.document.adopted), "FEATURE")}")',
        )


def newest_failed(runs: Runs, users: Collection[str]) -> Run:
    """Returns the newest failed run that one of these users has started.

    Raises:
        ArgumentError: There is none.
    """
    found = _newest_of(runs, users, status="failed")
    if found is None:
        raise ArgumentError(
            f"no run that failed, of {' or '.join(sorted(users))}, below {runs.scratch}",
            hint="./sandbox runs list --status failed" if is_s3(runs.scratch) else "name one: RUN, or RUN/FEATURE",
        )
    return found


def _newest_of(runs: Runs, users: Collection[str], status: str | None = None) -> Run | None:
    mine = (run for run in runs.list(limit=MOST_LOOKED_AT, status=status) if run.kind == "run")
    return next((run for run in mine if run.user in users), None)


def options_of(run: Run, given: Collection[str]) -> list[str]:
    """Returns the options of a run that a command line does not give itself, and `--resume` with its id.

    Raises:
        ArgumentError: Its config is not here.
    """
    document, options = run.document, run.document.options or {}
    config = document.config_path or ""
    if "--feature-config" not in given and not Path(config).is_file():
        raise ArgumentError(f"the config of run {run.id}, {config}, is not there", hint="give the config and the dates")
    known: dict[str, Sequence[str | None]] = {
        "--feature-config": [config],
        "--team-name": [document.team],
        "--pipeline": [document.pipeline],
        "--publish-path": [options.get("publish")],
        "--start-date": [document.start_date],
        "--end-date": [document.end_date],
        "--checkpoint": [str(name) for name in options.get("checkpoints") or []],
    }
    if "--feature-config" not in given:
        known["--project-path"] = [options.get("project")]
    if not any(name in given for name in SAMPLE):
        known |= {name: [options.get(name.removeprefix("--").replace("-", "_"))] for name in SAMPLE}
    words = [
        word
        for name, values in known.items()
        if name not in given and values and all(values)
        for word in (name, *map(str, values))
    ]
    return [*words, "--resume", run.id]


def taken_text(run: Run, words: Sequence[str]) -> str:
    """Returns what is taken from the run, each on a line of its own."""
    parts = [run.document.config_path if "--feature-config" in words else "", _pairs(words, DATES)]
    if "--checkpoint" in words:
        parts.append(f"--checkpoint {', '.join((run.document.options or {}).get('checkpoints') or [])}")
    parts.append(_pairs(words, SAMPLE))
    return "\n  ".join([f"as in run {run.id}:", *(part for part in parts if part)])


def _pairs(words: Sequence[str], names: Sequence[str]) -> str:
    """Returns the options of these names that are in a command line, with their values."""
    return " ".join(f"{name} {words[words.index(name) + 1]}" for name in names if name in words)
