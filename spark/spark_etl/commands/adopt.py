"""`spark-etl adopt`: a run of plain Parquet that other programs have written; no Spark is needed."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import Namespace

from spark_etl.printable import printable_json
from spark_etl.reading import Run, Runs
from spark_etl.runner.report.progress import PeriodicProgress, Progress


def adopt_command(arguments: Namespace, scratch: str, progress: Progress) -> int:
    """Adopts, prints the run, and returns the exit code.

    Args:
        arguments: The command line.
        scratch: Below which the run is made.
        progress: Where it says how far it is.

    Raises:
        SparkEtlError: What is there can't be adopted.
    """
    run = Runs(scratch).adopt(
        arguments.prefix,
        arguments.feature,
        pipeline=arguments.pipeline,
        team=arguments.team_name,
        into=arguments.into,
        start_date=arguments.start_date,
        end_date=arguments.end_date,
        failed=arguments.failed,
        command=shlex.join(["spark-etl", *sys.argv[1:]]),
        on_progress=PeriodicProgress(progress, lambda feature, done, total: f"{feature}: {done:,} of {total:,} files"),
    )
    sys.stdout.write(f"{printable_json(json.dumps(adopted_summary(run)))}\n" if arguments.json else f"{run!r}\n")
    return 0


def adopted_summary(run: Run) -> dict[str, object]:
    """Returns what a script gets of an adopted run."""
    features = {name: {"state": known.state, "rows": known.rows} for name, known in run.features.items()}
    return {"run_id": run.id, "name": run.name, "path": run.path, "status": run.status, "features": features}
