"""The `spark-etl` command, and spark_etl_runner.py: from a command line to an exit code."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import NoReturn

from spark_etl.command_line import INTERRUPTED, option_names, parse
from spark_etl.errors import SparkEtlError
from spark_etl.machine import user_and_host
from spark_etl.reading import Runs
from spark_etl.reading.repeat import is_incomplete, options_of, run_to_repeat, taken_text
from spark_etl.runner.options import read_options, requested_log_format, scratch_path
from spark_etl.runner.report.progress import Progress
from spark_etl.user_code import keep_exit_code


def run_and_exit() -> NoReturn:
    """Is the `spark-etl` program: nothing that the project has registered with `atexit` changes its exit code."""
    code = main()
    keep_exit_code(code)
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `spark-etl COMMAND …` and returns its exit code: 0, 1, 2, 5 or 130."""
    return _execute(list(sys.argv[1:] if argv is None else argv), runner=False)


def run_main(argv: Sequence[str] | None = None) -> int:
    """Runs `spark_etl_runner.py …`, which is `spark-etl run …`, and returns its exit code: 0, 2, 5 or 130."""
    return _execute(["run", *(sys.argv[1:] if argv is None else argv)], runner=True)


def _execute(argv: list[str], *, runner: bool) -> int:
    progress = Progress(log_format=requested_log_format(argv) if argv[:1] in (["run"], ["replay"]) else "text")
    try:
        arguments = _completed(parse(argv, runner=runner), argv, progress, runner=runner)
        return COMMANDS[arguments.command](arguments, progress)
    except SparkEtlError as error:
        progress.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        progress.line("interrupted")
        return INTERRUPTED


def _completed(arguments: Namespace, argv: list[str], progress: Progress, *, runner: bool) -> Namespace:
    """Returns the arguments with those that `run --resume` takes from the run that it goes on from."""
    given = option_names(argv)
    if arguments.command != "run" or not is_incomplete(given):
        return arguments
    run = run_to_repeat(Runs(scratch_path(arguments)), arguments.resume, user_and_host()["user"])
    words = options_of(run, given)
    progress.line(taken_text(run, words))
    return parse([*argv, *words], runner=runner)


def _run(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.run import run_command

    return run_command(read_options(arguments), progress)


def _replay(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.replay import replay_command

    return replay_command(arguments, progress)


def _debug(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.debug import debug_command

    return debug_command(arguments, progress)


def _plan(arguments: Namespace, _progress: Progress) -> int:
    from spark_etl.commands.plan import plan_command

    sys.stdout.write(plan_command(arguments) + "\n")
    return 0


def _trust(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.trust import trust_command

    return trust_command(arguments, scratch_path(arguments), progress)


def _adopt(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.adopt import adopt_command

    return adopt_command(arguments, scratch_path(arguments), progress)


def _gc(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.gc import gc_command

    return gc_command(arguments, scratch_path(arguments), progress)


def _diff(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.diff import diff_command

    return diff_command(arguments, progress)


def _export(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.exporting import export_command

    return export_command(arguments, scratch_path(arguments), progress)


def _import(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.importing import import_command

    return import_command(arguments, scratch_path(arguments), progress)


def _learn(arguments: Namespace, progress: Progress) -> int:
    from spark_etl.commands.learn import learn_command

    return learn_command(arguments, progress)


def _schema(_given: Namespace, _progress: Progress) -> int:
    from spark_etl.config import json_schema

    sys.stdout.write(json_schema())
    return 0


COMMANDS: dict[str, Callable[[Namespace, Progress], int]] = {
    "run": _run,
    "replay": _replay,
    "debug": _debug,
    "diff": _diff,
    "plan": _plan,
    "trust": _trust,
    "adopt": _adopt,
    "export": _export,
    "import": _import,
    "gc": _gc,
    "learn": _learn,
    "schema": _schema,
}
