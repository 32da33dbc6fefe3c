"""What is above a replayed feature, computed by the run's own code beside other code: a process for each of the two."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from spark_etl.debugging.computed import Computed, computed_rows
from spark_etl.debugging.request import ReplayRequest
from spark_etl.errors import RunFailedError
from spark_etl.reading.process import end_process


def made_in_own_process(request: ReplayRequest, wanted: Sequence[str]) -> Computed:
    """Returns checkpoints of features, all of them computed by the run's code in a process of its own.

    Raises:
        ArgumentError: The process has refused, before it has computed anything.
        RunFailedError: A feature fails.
    """
    name = f"{request.origin.run.name}/{wanted[0]}"
    argv = [sys.executable, "-m", "spark_etl", "replay", name, "--compute", ",".join(wanted)]
    argv += ["--scratch-path", request.runs.scratch, "--into", request.into, "--json"]
    for option, value in (("--start-date", request.start), ("--end-date", request.end), ("--remote", request.remote)):
        argv += [option, str(value)] if value is not None else []
    argv += ["--local"] if request.local else []
    argv += ["--allow-changed-sources"] if request.allow_changed_sources else []
    exit_code, out = _output(argv)
    found = computed_rows(request.origin.run, wanted, exit_code=exit_code, out=out.decode(errors="replace"))
    if found.failure:
        raise RunFailedError(found.failure)
    return found


def _output(argv: Sequence[str]) -> tuple[int, bytes]:
    """Returns the exit code and stdout of a process, which may record its end when this one is interrupted."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        out, _ = process.communicate()
    except BaseException:
        end_process(process)
        raise
    return process.returncode, out
