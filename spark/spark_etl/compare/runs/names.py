"""How the two runs of a comparison are named.

1. A run is named as everywhere: its id, the beginning or end of it, its path.
2. Beside a certain run, `latest` is the newest other run of its team and pipeline, and `last-success` the newest other
   one that succeeded.
3. Of the two together, `latest` is the newest run of all, and `last-success` the newest one before it of the same team
   and pipeline that succeeded.
4. Replays, adopted runs, and, but beside one of them, users' own runs are neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spark_etl.compare.runs.compare import refuse_runs
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.reading import Run, Runs
from spark_etl.reading.run import load_run
from spark_etl.store import DAMAGED, run_name

LATEST, LAST_SUCCESS = "latest", "last-success"
LIST = "runs.list()"
Matches = Callable[[Run], bool]


def find_runs(runs: Runs, a: str | Run, b: str | Run) -> tuple[Run, Run]:
    """Returns the two runs of those names; see the module for the rules.

    Args:
        runs: Where they are looked for.
        a: The name of A, or the run itself.
        b: The name of B, or the run itself.

    Raises:
        ArgumentError: There is no such run, or it is damaged, or both names mean the same one.
    """
    symbolic = [isinstance(name, str) and name in {LATEST, LAST_SUCCESS} for name in (a, b)]
    if all(symbolic):
        pair = _both(runs, str(a), str(b))
    elif symbolic[0]:
        certain = find_run(runs, b)
        pair = (_newest_other(runs, str(a), certain), certain)
    elif symbolic[1]:
        certain = find_run(runs, a)
        pair = (certain, _newest_other(runs, str(b), certain))
    else:
        pair = (find_run(runs, a), find_run(runs, b))
    refuse_runs(*pair)
    return pair


def find_run(runs: Runs, name: str | Run) -> Run:
    """Returns one run by its name; `latest` is the newest of all.

    Raises:
        ArgumentError: There is none.
    """
    if isinstance(name, Run):
        return name
    if not isinstance(name, str):
        raise ArgumentError(
            f"a {type(name).__name__} is no run",
            hint='runs.diff(run, other), or names: runs.diff("latest", "last-success")',
        )
    try:
        if name == LATEST:
            return runs.latest()
        return runs.latest(status="succeeded") if name == LAST_SUCCESS else runs[name]
    except ReadError as error:
        raise ArgumentError(error.message, hint=error.hint or LIST) from error


def _both(runs: Runs, a: str, b: str) -> tuple[Run, Run]:
    if a == b:
        raise ArgumentError(f"A and B are the same run, `{a}`", hint='runs.diff("last-success", "latest")')
    latest = find_run(runs, LATEST)
    success = _newest(runs, LAST_SUCCESS, latest, lambda run: run.id < latest.id)
    return (latest, success) if a == LATEST else (success, latest)


def _newest_other(runs: Runs, name: str, certain: Run) -> Run:
    return _newest(runs, name, certain, lambda _: True)


def _newest(runs: Runs, name: str, certain: Run, matches: Matches) -> Run:
    """Returns the newest run of a certain run's team and pipeline, but that one, that matches."""
    below = runs.at(certain.stored.scratch, certain.stored.settings)
    status = "succeeded" if name == LAST_SUCCESS else None
    known: dict[str, Any] = {
        "team": certain.stored.team,
        "pipeline": certain.stored.pipeline,
        "kind": "run",
        "own": False,
    }
    for limit in (4, None):  # the newest ones are as a rule enough, and quickly listed
        for found in below.list(**known, status=status, limit=limit):
            if found.path != certain.path and found.status != DAMAGED and matches(found):
                return _named(runs, found)
    which = "has succeeded before it" if name == LAST_SUCCESS else "is there"
    raise ArgumentError(
        f"`{name}`: beside run {certain.name}, no run of {certain.team}/{certain.pipeline} {which}",
        hint=f'runs.list(pipeline="{certain.pipeline}")',
    )


def _named(runs: Runs, run: Run) -> Run:
    """Returns a run under the name by which it is found where one has looked."""
    try:
        scratch: str | None = runs.scratch
    except ReadError:  # the certain run was given, or named by its whole path
        scratch = None
    return load_run(run.stored, run_name(run.path, scratch)) or run
