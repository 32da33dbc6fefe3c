"""`sandbox diff --compute`: features of which a run has no rows, computed by its own code in a driver on the stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from spark_etl.debugging.computed import Computed, computed_rows, refuse_uncomputable
from spark_etl.debugging.origin import Origin
from spark_etl.reading import Run
from spark_etl.storage import is_s3

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.stack.pipelines import driver
from sandbox_cli.stack.pipelines.replay import driver_options
from sandbox_cli.stack.session import Session


def compute_missing(console: Console, session: Session) -> Callable[[Run, Sequence[str]], Computed]:
    """Returns what computes features of a run of the stack, as `spark_etl.debugging.computed.compute_missing` here.

    A driver computes them, with the packages and variables that the run had. It raises the same errors, and UsageError
    for a run that lies on this machine. Interrupted, it ends the driver.

    Args:
        console: Shows progress.
        session: The stack.
    """

    def compute(run: Run, features: Sequence[str]) -> Computed:
        wanted = tuple(dict.fromkeys(features))
        return _compute(console, session, run, wanted) if wanted else Computed()

    return compute


def _compute(console: Console, session: Session, run: Run, wanted: Sequence[str]) -> Computed:
    if not is_s3(run.path):
        raise UsageError(
            f"Run {run.name} lies in a folder of this machine, where the stack can't read it.",
            hint="`spark-etl diff` with --compute computes it here, where Spark is installed",
        )
    refuse_uncomputable(run, wanted, session.runs.scratch)
    options = driver_options(console, session, Origin(run, wanted[0]))
    command = [
        "python",
        "-m",
        "spark_etl",
        "replay",
        f"{run.path}/{wanted[0]}",
        "--compute",
        ",".join(wanted),
        "--exact",
    ]
    console.live(f"starting a driver for run {run.name} …")
    try:
        ended = driver.run(
            session, [*command, "--scratch-path", session.runs.scratch, "--json"], options=options, capture=True
        )
    finally:
        console.live("")
    return computed_rows(run, wanted, exit_code=ended.exit_code, out=ended.out)
