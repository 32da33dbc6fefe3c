"""What of a lesson needs Spark: the run that has happened, and the replay with the fix; both in this process."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from spark_etl.config import load_config
from spark_etl.dates import DateRange
from spark_etl.debugging.origin import origin_in
from spark_etl.debugging.replay import Replayed, replay
from spark_etl.debugging.request import ReplayRequest
from spark_etl.errors import RunFailedError
from spark_etl.learning.lesson import CONFIG, Assignment
from spark_etl.reading import Run, Runs
from spark_etl.runner.execute import Execution
from spark_etl.runner.options import Options
from spark_etl.runner.plan import make_plan
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.run import run_plan
from spark_etl.runner.signals import raise_on_signals
from spark_etl.user_code import guard_user_code, no_hard_exit

TEAM = "learn"
Say = Callable[[str], None]


def run_lesson(assignment: Assignment, folder: Path, scratch: str, say: Say) -> str:
    """Runs the project of a lesson as it comes, keeps every feature, and returns where the run lies.

    Args:
        assignment: The lesson.
        folder: Its project.
        scratch: Where the run is kept.
        say: Is given a line for each step.

    Raises:
        RunFailedError: It has not ended as the lesson wants it.
    """
    declared = assignment.lesson.declared
    options = Options(
        team=TEAM,
        config=folder / CONFIG,
        project=folder,
        pipeline=None,
        publish=None,
        scratch=scratch,
        dates=DateRange(declared.start_date, declared.end_date),
        checkpoints=tuple(load_config(folder / CONFIG).features),
        local=True,
    )
    with own_modules(folder), raise_on_signals(), no_hard_exit(), guard_user_code():
        outcome = run_plan(make_plan(options), _progress(say))
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    failed_at = outcome.record.document.error.feature if outcome.record.document.error else None
    if (outcome.status, failed_at) != (("failed", assignment.feature) if declared.fails else ("succeeded", None)):
        why = outcome.error.message if outcome.error else f"it was {outcome.status}"
        raise RunFailedError(
            f"the run of lesson {declared.number} did not end as it has to: {why}", hint="start it again"
        )
    return outcome.run.root


def replay_fix(
    assignment: Assignment, folder: Path, run: Run, scratch: str, say: Say, *, also: Callable[[Execution], None]
) -> Replayed:
    """Computes the lesson's feature again with the edited project, on what the run had read.

    Args:
        assignment: The lesson.
        folder: The edited project.
        run: The run that has happened.
        scratch: Where the replay is kept.
        say: Is given a line for each step.
        also: Is called when the feature is computed, as long as the session is there.

    Raises:
        SparkEtlError: The project can't be loaded, or the run's rows are gone.
    """
    request = ReplayRequest(
        origin=origin_in(run, assignment.feature, other_code=True),
        runs=Runs(scratch),
        into=scratch,
        code=folder,
        code_text="the fix",
        local=True,
    )
    with own_modules(folder), raise_on_signals(), no_hard_exit():
        return replay(request, _progress(say), also=also)


@contextmanager
def own_modules(folder: Path) -> Iterator[None]:
    """Imports a project's modules anew inside, as they are on disk, and forgets them afterwards.

    What they print goes to stderr: on stdout is the answer of the command.
    """
    path = list(sys.path)
    _forget(folder)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _forget(folder)
        sys.path[:] = path


def _forget(folder: Path) -> None:
    """Forgets the modules of all projects that have the names of this one's: each lesson has a package `features`."""
    names = {file.stem for file in folder.iterdir() if file.is_dir() or file.suffix == ".py"}
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        module = sys.modules[name]
        found = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), "")
        if found and Path(found).resolve().is_relative_to(folder.resolve().parent):
            del sys.modules[name]
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)  # an edit within a second and of the same size would not be seen


def _progress(say: Say) -> Progress:
    progress = Progress(stream=io.StringIO())
    progress.listeners.append(say)
    return progress
