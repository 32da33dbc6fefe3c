"""The `spark-etl` command: run, plan, schema."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from spark_etl.errors import SparkEtlError, UsageError
from spark_etl.names import alternatives

INTERRUPTED = 130
HELP = """usage: spark-etl {run,plan,schema} …

  run      runs a pipeline of features: what spark_etl_runner.py does
  plan     prints what a run would do and why, as text, Mermaid, SVG or JSON; starts nothing
  schema   prints the JSON schema of the feature config, for editors

Each tells more with --help. Exit codes: 0 done, 2 wrong usage or bad configuration, 5 the pipeline failed or the store
does not answer, 130 interrupted.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code: 0, 2, 5 or 130."""
    words = list(sys.argv[1:] if argv is None else argv)
    verb, arguments = "".join(words[:1]), words[1:]
    if verb in {"-h", "--help"}:
        sys.stdout.write(HELP)
        return 0
    try:
        if verb not in VERBS:
            raise _unknown(verb)
        return VERBS[verb](arguments)
    except SparkEtlError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"  next: {error.hint}\n" if error.hint else ""))
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED


def _unknown(verb: str) -> UsageError:
    if not verb:
        return UsageError(f"no command is given. Known: {', '.join(VERBS)}.", hint="spark-etl --help")
    return UsageError(f"unknown command `{verb}`. {alternatives(verb, VERBS)}", hint="spark-etl --help")


def _run(arguments: Sequence[str]) -> int:
    from spark_etl.runner.cli import main as run

    return run(arguments)


def _plan(arguments: Sequence[str]) -> int:
    from spark_etl.plan_command import plan_command

    sys.stdout.write(plan_command(arguments) + "\n")
    return 0


def _schema(arguments: Sequence[str]) -> int:
    from spark_etl.config import json_schema

    if arguments and arguments != ["--help"]:
        raise UsageError(f"spark-etl schema takes no argument, not even {arguments[0]}", hint="spark-etl --help")
    sys.stdout.write(HELP if arguments else json_schema())
    return 0


VERBS: dict[str, Callable[[Sequence[str]], int]] = {"run": _run, "plan": _plan, "schema": _schema}
