"""`spark-etl import`: a run of a bundle; no Spark is needed."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import Namespace
from pathlib import Path

from spark_etl.bundles.imports import import_bundle
from spark_etl.machine import user_and_host
from spark_etl.printable import printable_json
from spark_etl.runner.report.progress import PeriodicProgress, Progress
from spark_etl.units import format_bytes


def import_command(arguments: Namespace, scratch: str, progress: Progress) -> int:
    """Makes a run of a bundle, prints it, and returns the exit code.

    Args:
        arguments: The command line.
        scratch: Below which the run is made.
        progress: Where it says how far it is.

    Raises:
        SparkEtlError: The file is no whole bundle, or another run is there.
    """
    done = import_bundle(
        Path(arguments.file),
        scratch,
        name=arguments.name,
        by=user_and_host()["user"],
        on_progress=PeriodicProgress(progress, bytes_of_member),
    )
    for line in done.lines():
        progress.line(line)
    sys.stdout.write(f"{printable_json(json.dumps(done.to_dict()))}\n" if arguments.json else f"{done.run!r}\n")
    feature = done.run.error.feature if done.run.error else None
    path = done.run.path.removeprefix("file://")
    if feature in done.run.features:
        progress.line(f"next: spark-etl replay {shlex.quote(f'{path}/{feature}')}")
    else:
        progress.line(f"next: spark-etl diff last-success {shlex.quote(path)}")
    return 0


def bytes_of_member(name: str, done: int, total: int) -> str:
    """Returns how much of a bundle is read or written."""
    return f"{name}: {format_bytes(done)} of {format_bytes(total)}"
