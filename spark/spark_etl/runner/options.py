"""The command line of spark_etl_runner.py."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from spark_etl.dates import DateRange, parse_date
from spark_etl.errors import UsageError
from spark_etl.names import alternatives, is_segment
from spark_etl.storage import normalise

EPILOG = """exit codes: 0 done, 2 wrong usage or bad configuration, 5 the pipeline failed, 130 interrupted"""


@dataclass(frozen=True)
class Options:
    """What the command line says, checked as far as it can be without reading anything.

    Attributes:
        team: First segment of the run's path below `scratch`.
        pipeline: Its name, if not the config's `pipeline:` or the name of the config's folder.
        project: The folder the classes of the config are imported from.
        publish: What relative publish paths hang below, normalised.
        scratch: Where the run is kept, normalised.
        checkpoints: Aliases, each once, in the order given.
    """

    team: str
    config: Path
    project: Path
    pipeline: str | None
    publish: str | None
    scratch: str
    dates: DateRange
    checkpoints: tuple[str, ...]
    notify: str | None = None
    debug: bool = False
    json: bool = False


class _Parser(argparse.ArgumentParser):
    """Raises instead of exiting, so that the exit code is decided in one place."""

    def error(self, message: str) -> NoReturn:
        unknown = re.fullmatch(r"unrecognized arguments: (.*)", message)
        if unknown:
            name = unknown[1].split()[0]
            known = [option for action in self._actions for option in action.option_strings if option.startswith("--")]
            raise UsageError(
                f"unknown argument {name}. {alternatives(name.split('=')[0], known)}", hint=f"{self.prog} --help"
            )
        raise UsageError(message, hint=f"{self.prog} --help")


def parse_options(argv: Sequence[str]) -> Options:
    """Returns the options of a command line.

    Raises:
        UsageError: An option is unknown, missing, or makes no sense.
    """
    given = _parser().parse_args(list(argv))
    for what, name in (("--team-name", given.team_name), ("--pipeline", given.pipeline)):
        if name is not None and not is_segment(name):
            raise UsageError(
                f"{what} {name!r} must be letters, digits, `.`, `_` and `-`: it becomes a folder of the scratch path"
            )
    if not given.scratch_path:
        raise UsageError(
            "--scratch-path is missing", hint="give --scratch-path s3a://my-bucket/scratch/, or set SANDBOX_SCRATCH"
        )
    config = Path(given.feature_config)
    return Options(
        team=given.team_name,
        config=config,
        project=Path(given.project_path) if given.project_path else config.absolute().parent,
        pipeline=given.pipeline,
        publish=normalise(given.publish_path) if given.publish_path else None,
        scratch=normalise(given.scratch_path),
        dates=DateRange(parse_date(given.start_date, "--start-date"), parse_date(given.end_date, "--end-date")),
        checkpoints=split_names(given.checkpoint),
        notify=given.notify_email or None,
        debug=given.debug,
        json=given.json,
    )


def split_names(values: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of `a, b, c`, however the shell has split them, each once."""
    return tuple(dict.fromkeys(name for value in values for name in re.split(r"[,\s]+", value) if name))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="spark_etl_runner.py", allow_abbrev=False, description="Runs a pipeline of features.", epilog=EPILOG
    )
    add = parser.add_argument
    add("--team-name", required=True, metavar="TEAM", help="whose run it is")
    add(
        "--notify-email",
        metavar="ADDRESS",
        help="is told of a failure and of the first success after one (SMTP_HOST, SMTP_PORT)",
    )
    add("--feature-config", required=True, metavar="FILE", help="the YAML that lists features and outputs")
    add("--publish-path", metavar="PATH", help="what relative `path:` entries of `publish:` hang below")
    add(
        "--scratch-path",
        default=os.environ.get("SANDBOX_SCRATCH"),
        metavar="PATH",
        help="where runs and checkpoints are kept",
    )
    add("--start-date", required=True, metavar="YYYY-MM-DD", help="first day")
    add("--end-date", required=True, metavar="YYYY-MM-DD", help="last day, included")
    add("--checkpoint", nargs="*", action="extend", default=[], metavar="FEATURE", help="features to keep: a, b or a,b")
    add("--pipeline", metavar="NAME", help="default: the config's `pipeline:`, else the name of its folder")
    add("--project-path", metavar="DIR", help="what class paths are relative to; default: the config's folder")
    add("--debug", action="store_true", help="show tracebacks in full")
    add("--json", action="store_true", help="end with a line of JSON on stdout: run_id, path, status")
    return parser
