"""`spark-etl trust`: the code that a run carries may run on this machine."""

from __future__ import annotations

import shlex
from argparse import Namespace

from spark_etl.commands.asking import is_yes
from spark_etl.debugging.carried import describe
from spark_etl.debugging.trust import executes, is_trusted, owner_of, trust
from spark_etl.errors import ArgumentError
from spark_etl.machine import process_user
from spark_etl.reading import Run, Runs
from spark_etl.runner.report.progress import Progress
from spark_etl.storage import is_s3
from spark_etl.store import code_path

NO = 1


def trust_command(arguments: Namespace, scratch: str, progress: Progress) -> int:
    """Lists what a run carries, asks, and records the answer; returns the exit code, 1 where it is no.

    Args:
        arguments: The command line.
        scratch: Where the run is.
        progress: Where it says what the run carries.

    Raises:
        SparkEtlError: There is no such run, or nobody can be asked.
    """
    runs = Runs(scratch)
    run = runs.latest(kind=None) if arguments.run == "latest" else runs[arguments.run]
    if is_s3(run.path):
        raise ArgumentError(
            f"run {run.name} lies in a store that others read, too", hint=f"./sandbox trust {run.name}, on its stack"
        )
    owner = owner_of(run, runs.scratch)
    if owner is None or not executes(run):
        why = "it was made on this machine" if owner is None else "it carries nothing that would be executed"
        progress.line(f"run {run.name} needs no trust: {why}")
        progress.line(_next_of(run))
        return 0
    if is_trusted(run, runs.scratch):
        progress.line(f"run {run.name} is trusted already")
        progress.line(_next_of(run))
        return 0
    for line in describe(run, owner, show=_archive_of(run)):
        progress.line(line)
    progress.line("it runs on this machine as any program of yours; `sandbox replay` gives it a container of its own")
    if not arguments.yes and not is_yes("Let it run here, with your rights?", _refusal(arguments.run)):
        progress.line(f"run {run.name} is not trusted; next: {_archive_of(run)}")
        return NO
    trust(run, runs.scratch, process_user())
    progress.line(f"run {run.name} is trusted")
    progress.line(_next_of(run))
    return 0


def _refusal(name: str) -> ArgumentError:
    return ArgumentError(
        "without a terminal, nothing is trusted without --yes", hint=f"spark-etl trust {shlex.quote(name)} --yes"
    )


def _archive_of(run: Run) -> str:
    """Returns where the code lies that the run carries, to be looked at."""
    code = run.document.code
    path = code_path(run.path.rpartition("/")[0], str(code and code.sha256))
    return f"unzip -l {shlex.quote(path.removeprefix('file://'))}"


def _next_of(run: Run) -> str:
    """Returns the command that a trusted run is executed with."""
    feature = run.error.feature if run.error and run.error.feature in run.features else "FEATURE"
    path = f"{run.path.removeprefix('file://')}/{feature}"
    return f"next: spark-etl replay {shlex.quote(path)}"
