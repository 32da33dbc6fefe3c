"""`sandbox run`: checked here as far as possible, then given to a driver on the cluster."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_etl.code.git import read_git_state
from spark_etl.command_line import option_names, without_options
from spark_etl.config import load_config
from spark_etl.errors import ArgumentError
from spark_etl.machine import process_user
from spark_etl.names import alternatives
from spark_etl.runner.options import parse_options, pipeline_name
from spark_etl.sampling import make_sample
from spark_etl.storage import is_s3, normalise

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.stack.pipelines import driver, packages, project
from sandbox_cli.stack.session import Session

DEFAULTS = {"--team-name": "sandbox", "--publish-path": "s3a://published/", "--scratch-path": "s3a://scratch/"}
RUNNER = "/opt/spark_etl/spark_etl_runner.py"


@dataclass(frozen=True)
class Request:
    """A run that makes sense as far as can be seen without starting anything.

    Attributes:
        arguments: The runner's, as given, with the sandbox's defaults; without config and project.
        config: The feature config.
        folder: The project: what is mounted, and what class paths are relative to.
        requirements: Packages of its own, if any.
        variables: Those of this process's environment that the config mentions.
    """

    arguments: tuple[str, ...]
    config: Path
    folder: Path
    requirements: Path | None
    variables: tuple[str, ...] = ()


def checked(config: Path, arguments: Sequence[str], *, requirements: Path | None) -> Request:
    """Returns the request.

    Raises:
        ArgumentError, spark_etl.errors.ConfigError: The command line or the config makes no sense.
        UsageError: The requirements file is missing, or the driver would not see the config.
    """
    given = option_names(arguments)
    if "--feature-config" in given:
        raise UsageError("--feature-config is the command's own argument here.", hint=f"sandbox run {config} …")
    defaults = [word for name, value in DEFAULTS.items() if name not in given for word in (name, value)]
    everything = (*defaults, *arguments)
    options = parse_options(["--feature-config", str(config), *everything])
    content = load_config(config)
    for name in options.checkpoints:
        if name not in content.features:
            others = alternatives(name, content.features)
            raise ArgumentError(f"--checkpoint {name}: no such feature in {config}. {others}")
    if requirements is not None and not requirements.is_file():
        raise UsageError(f"--requirements {requirements}: no such file.")
    folder = options.project.resolve()
    if not folder.is_dir():
        raise UsageError(f"--project-path {options.project}: no such folder.")
    if not config.resolve().is_relative_to(folder):
        raise UsageError(f"{config} is not inside of --project-path {folder}, which is all that a driver sees.")
    make_sample(options.sample, options.sample_key, options.keys, default_key=content.sample_key)
    variables = tuple(name for name in content.variables if name in os.environ)
    name = pipeline_name(options.pipeline or content.pipeline, config)  # the folder has another name for the driver
    runner_arguments = _with_keys(without_options(everything, "--project-path", "--pipeline"), options.keys, folder)
    return Request(("--pipeline", name, *runner_arguments), config.resolve(), folder, requirements, variables)


def _with_keys(arguments: Sequence[str], keys: str | None, folder: Path) -> tuple[str, ...]:
    """Returns the arguments with the file of `--keys` as the driver sees it."""
    if keys is None or is_s3(normalise(keys)):
        return tuple(arguments)
    file = Path(keys).resolve()
    if not file.is_relative_to(folder):
        raise UsageError(
            f"--keys {keys} is not inside of {folder}, which is all that a driver sees.",
            hint=f"put it there, or into S3: --keys s3a://scratch/{file.name}",
        )
    inside = f"{project.INSIDE}/{file.relative_to(folder).as_posix()}"
    return (*without_options(arguments, "--keys"), "--keys", inside)


def run(console: Console, session: Session, request: Request) -> int:
    """Runs the pipeline and returns the runner's exit code: 0, 2, 5 or 130."""
    key = _packages(console, session, request.requirements)
    git = read_git_state(request.folder)  # the driver has no git
    with project.readable(session.settings, request.folder) as folder:
        options = ["--volume", f"{folder}:{project.INSIDE}:ro", "--workdir", project.INSIDE]
        options += ["--env", f"SPARK_ETL_USER={process_user()}"]
        options += ["--env", f"SPARK_ETL_GIT={git}"] if git else []
        options += [word for name in request.variables for word in ("--env", name)]  # no value: it may be a secret
        options += _path_options(f"{packages.INSIDE}/{key}") if key else []
        result = driver.run(session, _command(request), options=options)
    return result.exit_code


def _path_options(folder: str) -> list[str]:
    """Returns the options that put a folder on the module path of the driver and of its executors."""
    submit = f"--conf spark.executorEnv.PYTHONPATH={folder} pyspark-shell"
    variables = {"PYTHONPATH": folder, "SPARK_ETL_PACKAGES": folder, "PYSPARK_SUBMIT_ARGS": submit}
    return [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]


def _packages(console: Console, session: Session, requirements: Path | None) -> str | None:
    if requirements is None:
        return None
    key = packages.key_of(session, requirements)
    if not packages.is_installed(session, key):
        with console.stage("packages") as stage:
            packages.install(session, stage, requirements, key)
            stage.result = f"of {requirements}, for driver and executors"
    return key


def _command(request: Request) -> list[str]:
    """Returns what the driver runs: Python itself, since spark-submit would mix its messages into its output."""
    config = f"{project.INSIDE}/{request.config.relative_to(request.folder).as_posix()}"
    where = ["--feature-config", config, "--project-path", project.INSIDE]
    return ["python", RUNNER, *where, *request.arguments]
