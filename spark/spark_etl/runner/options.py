"""The options of a run, read off its command line."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from spark_etl.code.roots import find_root
from spark_etl.command_line import PARALLEL, parse
from spark_etl.command_options import LOCAL_FOLDER
from spark_etl.dates import DateRange, parse_date
from spark_etl.errors import ArgumentError, ConfigError
from spark_etl.names import is_segment, listing
from spark_etl.runner.backend import resolve_remote
from spark_etl.runner.report.events import LogFormat
from spark_etl.runner.report.mail import parse_addresses
from spark_etl.storage import normalise
from spark_etl.store import USERS

CONFIG_NAME = "feature_config.yaml"


@dataclass(frozen=True)
class Options:
    """The options, checked as far as that is possible without reading anything.

    Attributes:
        team: First segment of the run's path below `scratch`.
        pipeline: Its name, if not the config's `pipeline:` or the name of the config's folder.
        project: The folder the classes of the config are imported from.
        publish: Base path for relative publish paths, normalised.
        scratch: Where the run is kept, normalised.
        checkpoints: Aliases, each once, in the order given.
        notify: Who gets a mail after a failure, and after the success that follows it.
        resume: The run whose checkpoints are reused where they hold: an id, its end, or `latest`.
        parallel: How many checkpoints and outputs are written at the same time.
        adopt_output: Whether an output may replace files that it has not written.
        keep_code: Whether the run keeps the project's files.
        keep_inputs: Whether a feature that fails leaves its inputs as checkpoints.
        sample: Share of the keys that a small run sees, as given; `sample_key` is the column of these keys.
        keys: The file with the keys that a small run sees.
        local: Whether Spark runs in this process.
        remote: Address of a Spark Connect server, `sc://host:port`.
    """

    team: str
    config: Path
    project: Path
    pipeline: str | None
    publish: str | None
    scratch: str
    dates: DateRange
    checkpoints: tuple[str, ...]
    notify: tuple[str, ...] = ()
    resume: str | None = None
    parallel: int = PARALLEL
    keep_inputs: bool = False
    adopt_output: bool = False
    keep_code: bool = True
    sample: str | None = None
    sample_key: str | None = None
    keys: str | None = None
    local: bool = False
    remote: str | None = None
    log_format: LogFormat = "text"
    debug: bool = False
    json: bool = False

    @property
    def session(self) -> str:
        """How the run reaches Spark: `connect`, `local` or `classic`."""
        return "connect" if self.remote else "local" if self.local else "classic"

    def to_dict(self) -> dict[str, Any]:
        """Returns name → plain value, as it is kept with the run."""
        plain: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        dates, texts = plain.pop("dates"), {"config", "project"}
        plain |= {name: str(plain[name]) for name in texts} | {
            "start_date": str(dates.start),
            "end_date": str(dates.end),
        }
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


def parse_options(argv: Sequence[str]) -> Options:
    """Returns the options of a command line of spark_etl_runner.py.

    Raises:
        ArgumentError: An option is unknown, missing, or makes no sense.
    """
    return read_options(parse(["run", *argv], runner=True))


def read_options(arguments: argparse.Namespace) -> Options:
    """Returns the options of parsed arguments.

    Raises:
        ArgumentError: One makes no sense.
    """
    for what, name in (("--team-name", arguments.team_name), ("--pipeline", arguments.pipeline)):
        if name is not None and not is_segment(name):
            raise ArgumentError(
                f"{what} {name!r} must be letters, digits, `.`, `_` and `-`: it becomes a folder of the scratch path"
            )
    if arguments.team_name == USERS:
        raise ArgumentError(f"--team-name {USERS}: below it, notebooks keep their own runs", hint="take another name")
    scratch, publish = _paths(arguments)
    config = config_file(Path(arguments.feature_config))
    return Options(
        team=arguments.team_name,
        config=config,
        project=Path(arguments.project_path) if arguments.project_path else default_project(config),
        pipeline=arguments.pipeline,
        publish=publish,
        scratch=scratch,
        dates=DateRange(parse_date(arguments.start_date, "--start-date"), parse_date(arguments.end_date, "--end-date")),
        checkpoints=split_names(arguments.checkpoint),
        notify=parse_addresses(arguments.notify_email) if arguments.notify_email is not None else (),
        resume=arguments.resume,
        parallel=_at_least_one(arguments.parallel),
        keep_inputs=arguments.checkpoint_on_failure,
        adopt_output=arguments.adopt_output,
        keep_code=arguments.keep_code,
        sample=arguments.sample,
        sample_key=arguments.sample_key,
        keys=arguments.keys,
        local=arguments.local,
        remote=resolve_remote(arguments.remote, local=arguments.local),
        log_format=arguments.log_format,
        debug=arguments.debug,
        json=arguments.json,
    )


def default_project(config: Path) -> Path:
    """Returns the folder that the classes of a config are imported from, where nobody names one.

    That is the config's folder, or the `src/` in it of a project that is laid out so; see `find_root`.
    """
    from spark_etl.config import load_config  # pydantic, which commands about runs do without

    folder = config.absolute().parent
    try:
        features = load_config(config).features.values()
    except ConfigError:
        return folder  # whoever reads it next says what is wrong with it
    return find_root(folder, {entry.class_path.rpartition(".")[0] for entry in features})


def config_file(path: Path) -> Path:
    """Returns the feature config that is meant: of a folder, the `feature_config.yaml` in it.

    Raises:
        ArgumentError: The folder has none; the YAML files that it has are named.
    """
    if not path.is_dir():
        return path
    if (path / CONFIG_NAME).is_file():
        return path / CONFIG_NAME
    others = sorted(file.name for file in path.iterdir() if file.suffix in {".yaml", ".yml"})
    hint = f"name the file: {path / others[0]}" if others else None
    raise ArgumentError(f"the folder {path} has no {CONFIG_NAME}. YAML files in it: {listing(others)}", hint=hint)


def pipeline_name(chosen: str | None, config: Path) -> str:
    """Returns the name of a pipeline: the chosen one, else that of the folder its config lies in.

    What of a folder's name can't be in the name of a run's folder is a hyphen: `shop [v2]` is `shop-v2`.

    Raises:
        ArgumentError: Nothing of the folder's name can be.
    """
    folder = config.resolve().parent.name
    name = chosen or (folder if is_segment(folder) else re.sub(r"[^A-Za-z0-9._]+", "-", folder).strip("-._"))
    if not name:
        raise ArgumentError(f"the config's folder {folder!r} can't be the pipeline's name", hint="give --pipeline NAME")
    return name


def requested_log_format(argv: Sequence[str]) -> LogFormat:
    """Returns the log format of a command line, also of one that is wrong in other ways."""
    arguments = " ".join(argv).replace("--log-format=", "--log-format ").split()
    return "json" if ("--log-format", "json") in pairwise(arguments) else "text"


def _paths(arguments: argparse.Namespace) -> tuple[str, str | None]:
    """Returns scratch and publish path; a run in this process has folders beside the caller for both."""
    publish = arguments.publish_path or (str(LOCAL_FOLDER / "published") if arguments.local else None)
    return scratch_path(arguments), normalise(publish) if publish else None


def scratch_path(arguments: argparse.Namespace) -> str:
    """Returns where runs are kept, normalised.

    Raises:
        ArgumentError: That is not known.
    """
    scratch = arguments.scratch_path or (str(LOCAL_FOLDER / "scratch") if arguments.local else None)
    scratch = scratch or os.environ.get("SANDBOX_SCRATCH")
    if not scratch:
        raise ArgumentError(
            "--scratch-path is missing", hint="give --scratch-path s3a://my-bucket/scratch/, or set SANDBOX_SCRATCH"
        )
    return normalise(scratch)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentError(
            f"--parallel {text!r} is no number of 1 or more", hint=f"write it as `--parallel {PARALLEL}`"
        )
    return int(text)


def split_names(values: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of `a, b, c`, however the shell has split them, each once."""
    return tuple(dict.fromkeys(name for value in values for name in re.split(r"[,\s]+", value) if name))
