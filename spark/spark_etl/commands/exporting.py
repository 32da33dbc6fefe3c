"""`spark-etl export`: a run in one file; no Spark is needed."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import Namespace
from pathlib import Path

from spark_etl.bundles.export import (
    Exported,
    ExportPlan,
    ExportRequest,
    export_run,
    plan_export,
    refuse_unmasked,
    run_to_export,
    sample_of,
)
from spark_etl.commands.asking import is_yes
from spark_etl.commands.importing import bytes_of_member
from spark_etl.printable import printable_json
from spark_etl.reading import Runs
from spark_etl.runner.options import split_names
from spark_etl.runner.report.progress import PeriodicProgress, Progress
from spark_etl.units import format_bytes, format_count


def export_command(arguments: Namespace, scratch: str, progress: Progress) -> int:
    """Writes a bundle, says what it has, and returns the exit code.

    Args:
        arguments: The command line.
        scratch: Where the run is.
        progress: Where it says how far it is.

    Raises:
        SparkEtlError: There is no such run, something of it is missing, or the file can't be written.
    """
    run = run_to_export(Runs(scratch), arguments.run)
    request = ExportRequest(
        Path(arguments.file),
        split_names(arguments.feature),
        sample_of(run, arguments.sample, arguments.sample_key, arguments.keys),
        arguments.allow_missing,
    )
    plan = plan_export(run, request)
    for line in plan.lines():
        progress.line(line)
    if not _may_travel(plan, arguments):
        progress.line("nothing was written; next: the same command line with --feature F for features without them")
        return 1
    done = export_run(plan, tool="spark-etl", on_progress=PeriodicProgress(progress, bytes_of_member))
    for note in done.notes:
        progress.line(f"note: {note}")
    _show(done, as_json=arguments.json)
    progress.line(f"next: spark-etl import {shlex.quote(str(done.path))} --local")
    return 0


def _may_travel(plan: ExportPlan, arguments: Namespace) -> bool:
    """Returns whether what looks personal or secret may go along, as the user says.

    Raises:
        ArgumentError: There is no terminal to ask on, or the output is JSON.
    """
    if not plan.personal or arguments.yes_unmasked:
        return True
    refusal = refuse_unmasked(plan.personal, f"spark-etl export {shlex.join([arguments.run, arguments.file])}")
    question = f"Take these {format_count(len(plan.personal), 'column')} along as they are?"
    return is_yes(question, refusal, as_json=arguments.json)


def _show(done: Exported, *, as_json: bool) -> None:
    text = f"{done.path}: {format_bytes(done.bytes)}, {format_count(len(done.info.members), 'member')}"
    sys.stdout.write(f"{printable_json(json.dumps(done.to_dict())) if as_json else text}\n")
