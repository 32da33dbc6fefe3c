"""The command line: one parser for `spark-etl run`, `plan` and `schema`, and for spark_etl_runner.py."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from typing import NoReturn

from spark_etl.command_options import (
    LOCAL_FOLDER,
    add_adopt_options,
    add_debug_options,
    add_diff_options,
    add_export_options,
    add_gc_options,
    add_import_options,
    add_learn_options,
    add_trust_options,
)
from spark_etl.errors import ArgumentError
from spark_etl.names import alternatives

RUNNER = "spark_etl_runner.py"
COMMANDS = {
    "run": f"runs a pipeline of features: what {RUNNER} does",
    "replay": "computes one feature of a run again, on the rows that it had read, and compares the result",
    "debug": "writes a notebook that has the failed feature of a run as cells, with its inputs; runs none of its code",
    "diff": "compares two runs: the first features that differ, the cause, and the rows; starts nothing",
    "plan": "prints what a run would do and why, as text, Mermaid, SVG or JSON; starts nothing",
    "trust": "lets the code that an imported run carries run on this machine",
    "adopt": "makes a run from Parquet that other programs wrote; you then read it like any run",
    "export": "writes a run into one file, with its rows, its inputs and its code: a bundle",
    "import": "makes a run from a bundle; the whole bundle is checked before anything is written",
    "gc": "deletes old runs that nothing needs, and leftovers of killed runs; shows a plan first, and asks",
    "learn": "lessons: pipelines with a planted bug; an answer is evidence and a fix, and is checked by a replay",
    "schema": "prints the JSON schema of the feature config, for editors",
}
INTERRUPTED = 130
EXIT_CODES = "exit codes: 0 done, 2 wrong usage or bad configuration, 5 the pipeline failed, 130 interrupted"
PLAN_EPILOG = """Without --resume, a team, dates and a scratch path are not needed. Exit codes: 0 the run would start,
2 it would be refused, 5 the store does not answer."""
REPLAY_EPILOG = """Exit codes: 0 same rows, or it no longer fails; 1 different rows, or no rows to compare with; 2 it
can't be replayed like this; 5 it fails; 130 interrupted."""
DIFF_EPILOG = "Exit codes: 0 the same; 1 different; 2 can't be compared, or wrong usage; 5 no store; 130 interrupted."
TRUST_EPILOG = "Exit codes: 0 done; 1 the answer was no; 2 there is no such run, or no terminal to ask; 5 no store."
DEBUG_EPILOG = "Exit codes: 0 done; 2 there is no such run or feature, or the files can't be written; 5 no store."
GC_EPILOG = "Exit codes: 0 done; 1 the answer was no; 2 wrong usage; 5 the store does not answer; 130 interrupted."
EXPORT_EPILOG = "Exit codes: 0 done; 2 wrong usage, or something is missing or unmasked; 5 no store; 130 interrupted."
IMPORT_EPILOG = """Exit codes: 0 done, or it was there; 1 the file is damaged or hostile, and nothing was written;
2 wrong usage, or another run is there; 5 no store; 130 interrupted."""
LEARN_EPILOG = """Exit codes: 0 done, or solved; 1 the answer is not right yet; 2 wrong usage; 5 the run of a lesson
can't be made; 130 interrupted."""
PLAN_FORMATS = ("text", "mermaid", "svg", "json")
PARALLEL = 2


class _CommandParser(argparse.ArgumentParser):
    """Raises instead of exiting, so that the exit code is decided in one place."""

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"argument COMMAND: invalid choice: '(.*?)'", message)
        if unknown:
            message = f"unknown command `{unknown[1]}`. {alternatives(unknown[1], COMMANDS)}"
        raise ArgumentError(message, hint=f"{self.prog} --help")

    def refuse(self, argument: str) -> NoReturn:
        """Refuses an argument that this command does not take."""
        options = [option for action in self._actions for option in action.option_strings if option.startswith("--")]
        if options == ["--help"]:
            self.error(f"{self.prog} takes no argument, not even {argument}")
        self.error(f"unknown argument {argument}. {alternatives(argument.split('=', maxsplit=1)[0], options)}")


def run_options() -> list[str]:
    """Returns each option of `run` with what it takes: `--parallel N`."""
    actions = [action for action in _parsers()[1]["run"]._actions if action.dest != "help"]
    return [_format_option(action) for action in actions]


def option_names(argv: Sequence[str]) -> list[str]:
    """Returns the options of a command line, without their values."""
    return [word.split("=", maxsplit=1)[0] for word in argv if word.startswith("--")]


def without_options(argv: Sequence[str], *names: str) -> tuple[str, ...]:
    """Returns a command line without these options; each of them takes one value."""
    remaining: list[str] = []
    is_value = False
    for word in argv:
        if not is_value and word.split("=", maxsplit=1)[0] not in names:
            remaining.append(word)
        is_value = word in names
    return tuple(remaining)


def parse(argv: Sequence[str], *, runner: bool = False) -> argparse.Namespace:
    """Returns the arguments of a command line, and as `command` the command they are of.

    Args:
        argv: The command and its arguments.
        runner: Whether messages name the command `run` by its other name, spark_etl_runner.py.

    Raises:
        ArgumentError: There is no such command, or an argument is unknown or missing.
    """
    parser, commands = _parsers(runner=runner)
    arguments, unknown = parser.parse_known_args(list(argv))
    if arguments.command is None:
        parser.error(f"no command is given. Known: {', '.join(COMMANDS)}.")
    if unknown:
        commands[arguments.command].refuse(unknown[0])
    if arguments.command == "run" and arguments.resume is None:
        _parsers(complete=True, runner=runner)[0].parse_args(list(argv))
    if arguments.command == "plan" and arguments.resume is not None:
        _parsers(complete=True)[0].parse_args(list(argv))
    return arguments


def _parsers(*, complete: bool = False, runner: bool = False) -> tuple[_CommandParser, dict[str, _CommandParser]]:
    """Returns the parser, and those of its commands.

    Args:
        complete: Whether config, team and dates have to be given. A run that is resumed may take them from the other
            one; a plan needs them only then, as what is reused depends on them.
        runner: Whether messages name the command `run` by its other name, spark_etl_runner.py.
    """
    parser = _CommandParser(prog="spark-etl", epilog=EXIT_CODES, allow_abbrev=False)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    commands = {
        name: subparsers.add_parser(name, help=text, description=text, epilog=EXIT_CODES, allow_abbrev=False)
        for name, text in COMMANDS.items()
    }
    if runner:
        commands["run"].prog = RUNNER
    _add_run_options(commands["run"], required=complete, config_required=complete)
    commands["plan"].epilog = PLAN_EPILOG
    commands["plan"].add_argument("--format", choices=PLAN_FORMATS, default="text", help="default: text")
    _add_run_options(commands["plan"], required=complete, config_required=True)
    commands["replay"].epilog = REPLAY_EPILOG
    _add_replay_options(commands["replay"])
    commands["debug"].epilog = DEBUG_EPILOG
    add_debug_options(commands["debug"])
    commands["trust"].epilog = TRUST_EPILOG
    add_trust_options(commands["trust"])
    add_adopt_options(commands["adopt"])
    commands["gc"].epilog = GC_EPILOG
    add_gc_options(commands["gc"])
    commands["diff"].epilog = DIFF_EPILOG
    add_diff_options(commands["diff"])
    commands["export"].epilog = EXPORT_EPILOG
    add_export_options(commands["export"])
    commands["import"].epilog = IMPORT_EPILOG
    add_import_options(commands["import"])
    commands["learn"].epilog = LEARN_EPILOG
    add_learn_options(commands["learn"])
    return parser, commands


def _add_run_options(parser: argparse.ArgumentParser, *, required: bool, config_required: bool) -> None:
    """Adds the options of a run.

    Args:
        parser: Of the command.
        required: Whether a team and dates have to be given.
        config_required: Whether the config has to be given.
    """
    add = parser.add_argument
    add("--team-name", required=required, metavar="TEAM", help="team that owns the run")
    add(
        "--notify-email",
        metavar="ADDRESS",
        help="gets a mail after a failure and after the first success that follows, `a@x, b@y` (SMTP_HOST and more: "
        "docs/failures.md)",
    )
    add(
        "--feature-config",
        required=config_required,
        metavar="FILE",
        help="the YAML that lists features and outputs, or the folder with the feature_config.yaml",
    )
    add("--publish-path", metavar="PATH", help="base path for relative `path:` entries under `publish:`")
    add("--scratch-path", metavar="PATH", help="where runs and checkpoints are kept (SANDBOX_SCRATCH)")
    add("--start-date", required=required, metavar="YYYY-MM-DD", help="first day")
    add("--end-date", required=required, metavar="YYYY-MM-DD", help="last day, included")
    add("--checkpoint", nargs="*", action="extend", default=[], metavar="FEATURE", help="features to keep: a, b or a,b")
    add(
        "--resume",
        nargs="?",
        const="latest",
        metavar="RUN",
        help="reuse the checkpoints of a run, where code and data have not changed: its id, its end, or `latest`, "
        "which is the default; without config or dates, they are that run's, too",
    )
    _add_outcome_options(parser)
    _add_sample_options(parser)
    _add_spark_options(parser)
    add("--pipeline", metavar="NAME", help="default: the config's `pipeline:`, else the name of its folder")
    add("--project-path", metavar="DIR", help="what class paths are relative to; default: the config's folder")
    add("--log-format", choices=["text", "json"], default="text", help="of the lines on stderr")
    add("--debug", action="store_true", help="show tracebacks in full")
    add("--json", action="store_true", help="end with a line of JSON on stdout: run_id, path, status")


def _add_replay_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "run",
        metavar="RUN[/FEATURE]",
        help="a run as lists name it, or `latest`; without a feature, the one it failed at",
    )
    add(
        "--code", metavar="DIR", help="code of this folder for the one feature; default: the code that the run has kept"
    )
    add("--code-name", help=argparse.SUPPRESS)
    add("--compute", help=argparse.SUPPRESS)  # features to compute and keep, without a verdict
    add("--exact", action="store_true", help=argparse.SUPPRESS)  # only those that can be computed as they were
    add("--scratch-path", metavar="PATH", help="where the run is (SANDBOX_SCRATCH)")
    add("--into", metavar="PATH", help="the scratch path that keeps the replay; default: that of the run")
    add("--start-date", metavar="YYYY-MM-DD", help="first day, if the run has not recorded it")
    add("--end-date", metavar="YYYY-MM-DD", help="last day, included")
    add(
        "--allow-changed-sources",
        action="store_true",
        help="read sources as they are now, though they are not what the run had read",
    )
    _add_spark_options(parser)
    add("--log-format", choices=["text", "json"], default="text", help="of the lines on stderr")
    add("--debug", action="store_true", help="show tracebacks in full")
    add("--json", action="store_true", help="end with a line of JSON on stdout: the verdict, and the replay's run")


def _add_outcome_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint-on-failure",
        action=argparse.BooleanOptionalAction,
        default=os.environ.get("SPARK_ETL_CHECKPOINT_ON_FAILURE", "") == "1",
        help="keep what a feature that fails has read (SPARK_ETL_CHECKPOINT_ON_FAILURE=1)",
    )
    parser.add_argument(
        "--keep-code",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the project's files with the run, but for what looks like a secret",
    )
    parser.add_argument(
        "--adopt-output",
        action="store_true",
        help="an output with `overwrite: True` replaces also files that it did not write; they are listed first",
    )
    parser.add_argument(
        "--parallel",
        default=str(PARALLEL),
        metavar="N",
        help="write so many checkpoints and outputs at a time (%(default)s)",
    )


def _add_sample_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sample",
        metavar="FRACTION",
        help="a small run: the rows of a share of the keys, 0.01 for one in a hundred",
    )
    parser.add_argument(
        "--sample-key",
        metavar="COLUMN",
        help="the column of these keys, in every source; default: the config's `sample_key:`",
    )
    parser.add_argument(
        "--keys",
        metavar="FILE",
        help="a small run: the rows of the keys in a CSV or Parquet file, its columns named as in the sources",
    )


def _add_spark_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--local",
        action="store_true",
        help=f"Spark in this process, and folders below {LOCAL_FOLDER}/ for its paths",
    )
    parser.add_argument(
        "--remote",
        nargs="?",
        const="",
        metavar="URL",
        help="run through the Spark Connect server at sc://host:port (SPARK_REMOTE)",
    )


def _format_option(action: argparse.Action) -> str:
    positive, *negative = action.option_strings
    name = f"--[no-]{positive.removeprefix('--')}" if negative else positive
    takes = action.metavar or (f"{{{','.join(action.choices)}}}" if action.choices else "")
    return f"{name} {f'[{takes}]' if action.nargs == '?' else takes}".strip()
