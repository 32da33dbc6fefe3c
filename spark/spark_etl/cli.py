"""The `spark-etl` command, and spark_etl_runner.py: from a command line to an exit code."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from spark_etl.command_line import INTERRUPTED, parse
from spark_etl.errors import SparkEtlError
from spark_etl.runner.options import read_options, requested_log_format
from spark_etl.runner.report.progress import Progress


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `spark-etl COMMAND …` and returns its exit code: 0, 2, 5 or 130."""
    return _execute(list(sys.argv[1:] if argv is None else argv), runner=False)


def run_main(argv: Sequence[str] | None = None) -> int:
    """Runs `spark_etl_runner.py …`, which is `spark-etl run …`, and returns its exit code: 0, 2, 5 or 130."""
    return _execute(["run", *(sys.argv[1:] if argv is None else argv)], runner=True)


def _execute(argv: list[str], *, runner: bool) -> int:
    progress = Progress(log_format=requested_log_format(argv) if argv[:1] == ["run"] else "text")
    try:
        arguments = parse(argv, runner=runner)
        return COMMANDS[arguments.command](arguments, progress)
    except SparkEtlError as error:
        progress.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        progress.line("interrupted")
        return INTERRUPTED


def _run(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.run import run_command

    return run_command(read_options(arguments), progress)


def _plan(arguments: Namespace, _progress: Progress) -> int:
    from spark_etl.commands.plan import plan_command

    sys.stdout.write(plan_command(arguments) + "\n")
    return 0


def _schema(_given: Namespace, _progress: Progress) -> int:
    from spark_etl.config import json_schema

    sys.stdout.write(json_schema())
    return 0


COMMANDS: dict[str, Callable[[Namespace, Progress], int]] = {"run": _run, "plan": _plan, "schema": _schema}
