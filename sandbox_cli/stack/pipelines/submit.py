"""`sandbox run`: checked here as far as possible, then given to a driver on the cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from spark_etl.code.git import GitState, read_git_state
from spark_etl.code.project import Project
from spark_etl.code.shadowing import refuse_shadowing
from spark_etl.command_line import option_names, without_options
from spark_etl.config import FeatureConfig, load_config
from spark_etl.errors import ArgumentError
from spark_etl.machine import process_user
from spark_etl.names import alternatives
from spark_etl.printable import printable
from spark_etl.reading import Runs
from spark_etl.reading.repeat import options_of, run_to_repeat, taken_text
from spark_etl.runner.options import Options, config_file, parse_options, pipeline_name
from spark_etl.sampling import make_sample
from spark_etl.storage import is_s3, normalise

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.pipelines import driver, packages, project
from sandbox_cli.stack.pipelines.requirements import collect
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
    given, config = option_names(arguments), config_file(config)
    if "--feature-config" in given:
        raise UsageError("--feature-config is the command's own argument here.", hint="sandbox run --help")
    defaults = [word for name, value in DEFAULTS.items() if name not in given for word in (name, value)]
    everything = (*defaults, *arguments)
    content = load_config(config)
    options = parse_options(["--feature-config", str(config), *everything])
    for name in options.checkpoints:
        if name not in content.features:
            others = alternatives(name, content.features)
            raise ArgumentError(f"--checkpoint {name}: no such feature in {config}. {others}")
    if requirements is not None:
        if not requirements.is_file():
            raise UsageError(f"--requirements {requirements}: no such file.")
        collect(requirements)
    folder = _project(config, options.project)
    _check_sample(options, content)
    variables = tuple(name for name in content.variables if name in os.environ)
    name = pipeline_name(options.pipeline or content.pipeline, config)  # the folder has another name for the driver
    runner_arguments = _with_keys(without_options(everything, "--project-path", "--pipeline"), options.keys, folder)
    return Request(("--pipeline", name, *runner_arguments), config.resolve(), folder, requirements, variables)


def _project(config: Path, given: Path) -> Path:
    """Returns the folder of the project, as far as it can be one.

    Raises:
        UsageError: It is not there, or has nothing to do with the config.
        ConfigError: Modules in it hide others, or it is too large.
    """
    folder = given.resolve()
    if not folder.is_dir():
        raise UsageError(f"--project-path {given}: no such folder.")
    if len(Path(os.path.commonpath([config.resolve(), folder])).parts) < 2:
        raise UsageError(f"{config} is not inside of --project-path {folder}, and they have no folder in common.")
    refuse_shadowing(folder)
    Project(folder).check_files()
    return folder


def repeated(runs: Runs, resume: str, arguments: Sequence[str], *, config: Path | None) -> tuple[Path, list[str], str]:
    """Returns config and arguments of `sandbox run --resume`, what they leave out taken from the run, and that as text.

    Args:
        runs: Of the stack.
        resume: The run to go on from, or `latest`.
        arguments: As given, without `--resume`.
        config: As given, if it is.
    """
    given = [*option_names(arguments), *(["--feature-config"] if config else [])]
    run = run_to_repeat(runs, resume, process_user())
    words = options_of(run, given)
    taken = config or Path(words[words.index("--feature-config") + 1])
    return taken, [*arguments, *without_options(words, "--feature-config")], taken_text(run, words)


def _check_sample(options: Options, content: FeatureConfig) -> None:
    """Refuses what makes no sense; keys in S3 are read by the driver, which can."""
    alone = options.sample is None and options.sample_key is None
    if not (alone and options.keys is not None and is_s3(normalise(options.keys))):
        make_sample(options.sample, options.sample_key, options.keys, default_key=content.sample_key)


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
    key = install_packages(console, session, request.requirements)
    with mounted(console, session.settings, request) as (config, options):
        own = path_options(f"{packages.INSIDE}/{key}") if key else []
        own += terminal_options(console)
        console.live("starting a driver …")
        result = driver.run(session, _command(request, config), options=[*options, *own])
        console.live("")
    return result.exit_code


@contextmanager
def mounted(console: Console, settings: Settings, request: Request) -> Iterator[tuple[str, list[str]]]:
    """Gives the config's path for a driver, and the options by which it gets the project, its user and variables."""
    git = read_git_state(request.folder)  # the driver has no git
    if request.folder != request.config.parent:
        console.info(f"modules are imported from {printable(str(request.folder))}")
    with ExitStack() as stack:
        folder = stack.enter_context(project.readable(settings, request.folder, console.info))
        config = _config_inside(request, folder)
        options = project_options(folder, request.folder, git)
        if config is None:
            beside = stack.enter_context(project.readable_config(settings, request.config))
            options += ["--volume", f"{beside}:{project.CONFIG_INSIDE}:ro"]
            config = f"{project.CONFIG_INSIDE}/{request.config.name}"
        options += user_options()
        options += [word for name in request.variables for word in ("--env", name)]  # no value: it may be a secret
        yield config, options


def project_options(mounted: Path, folder: Path, git: GitState | None) -> list[str]:
    """Returns the options that give a driver a project.

    Args:
        mounted: What is mounted: the project, or a copy.
        folder: The project, as the user knows it.
        git: Its state; the driver has no git.
    """
    options = ["--volume", f"{mounted}:{project.INSIDE}:ro", "--workdir", project.INSIDE]
    options += ["--env", f"SPARK_ETL_PROJECT={folder}"]
    return options + (["--env", f"SPARK_ETL_GIT={git}"] if git else [])


def user_options() -> list[str]:
    """Returns the options by which a driver knows who has started it."""
    return ["--env", f"SPARK_ETL_USER={process_user()}"]


def terminal_options(console: Console) -> list[str]:
    """Returns the options by which the driver, whose stderr is a pipe, knows that it ends in a terminal."""
    if console.columns is None:
        return []
    colour = ["--env", "NO_COLOR=1"] if os.environ.get("NO_COLOR") else []
    return ["--env", f"SPARK_ETL_TERMINAL_COLUMNS={console.columns}", *colour]


def path_options(folder: str) -> list[str]:
    """Returns the options that put a folder on the module path of the driver and of its executors."""
    submit = f"--conf spark.executorEnv.PYTHONPATH={folder} pyspark-shell"
    variables = {"PYTHONPATH": folder, "SPARK_ETL_PACKAGES": folder, "PYSPARK_SUBMIT_ARGS": submit}
    return [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]


def install_packages(console: Console, session: Session, requirements: Path | None) -> str | None:
    """Installs the packages of a file unless they are there, and returns the folder's name; None for none."""
    if requirements is None:
        return None
    if not collect(requirements).packages:
        console.info(f"{requirements} asks for no package")
        return None
    key = packages.key_of(session, requirements)
    if not packages.is_installed(session, key):
        with console.stage("packages") as stage:
            packages.install(session, stage, requirements, key)
            stage.result = f"of {requirements}, for driver and executors"
    return key


def _config_inside(request: Request, folder: Path) -> str | None:
    """Returns the config's path for the driver; None if the project, as it is mounted, does not hold it."""
    if not request.config.is_relative_to(request.folder):
        return None
    name = request.config.relative_to(request.folder)
    return f"{project.INSIDE}/{name.as_posix()}" if (folder / name).is_file() else None


def _command(request: Request, config: str | None = None) -> list[str]:
    """Returns what the driver runs: Python itself, since spark-submit would mix its messages into its output."""
    config = config or f"{project.INSIDE}/{request.config.relative_to(request.folder).as_posix()}"
    where = ["--feature-config", config, "--project-path", project.INSIDE]
    return ["python", RUNNER, *where, *request.arguments]
