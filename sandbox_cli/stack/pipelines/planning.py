"""`sandbox plan`: made in a driver, which has the classes' packages; without a stack, in a container on its own."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from spark_etl.command_line import option_names, parse
from spark_etl.runner.options import parse_options
from spark_etl.storage import is_s3, normalise

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import passing, session
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.images import inventory
from sandbox_cli.stack.pipelines import driver, packages, project, submit
from sandbox_cli.stack.pipelines.submit import Request
from sandbox_cli.stack.session import Session

RESUME = "--resume"
IMAGE = "spark"
# A container without a network, and as little else as a driver has. A store that can't be is asked at an address that
# refuses at once.
ALONE = (
    *("--network", "none", "--user", "10001:100", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"),
    *("--memory", "3g", "--memory-swap", "3g", "--pids-limit", "1024"),
    *("--env", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:9", "--env", "AWS_REGION=us-east-1"),
    *("--env", "AWS_ACCESS_KEY_ID=none", "--env", "AWS_SECRET_ACCESS_KEY=none"),
)


def checked(config: Path, arguments: Sequence[str], *, requirements: Path | None) -> Request:
    """Returns the run whose plan is wanted; unless it is resumed, the dates that it lacks do not matter.

    Raises:
        ArgumentError, spark_etl.errors.ConfigError: The command line or the config makes no sense.
        UsageError: The requirements file is missing, or the driver would not see the config.
    """
    given = option_names(arguments)
    if RESUME in given:
        return submit.checked(config, arguments, requirements=requirements)
    found = parse(["plan", "--feature-config", str(config), *arguments])
    start = found.start_date or found.end_date or datetime.now(UTC).date().isoformat()
    dates = {"--start-date": start, "--end-date": found.end_date or start}
    missing = [word for name, value in dates.items() if name not in given for word in (name, value)]
    return submit.checked(config, [*arguments, *missing], requirements=requirements)


def plan(console: Console, settings: Settings, request: Request, form: str) -> int:
    """Prints the plan of a run and returns the exit code: 0, 2, 5 or 130.

    Args:
        console: Shows what happens meanwhile.
        settings: The stack; it may be down.
        request: The run.
        form: How the plan is printed, as `spark-etl plan --format` knows it.

    Raises:
        EngineError: No engine answers.
        StackError: The stack is not up, and what is asked for needs it; or the Spark image is not there.
    """
    try:
        found = session.running(console, settings, session.STORE)
    except StackError as error:
        if reason := _needs_store(request):
            raise StackError(f"{error.message} {reason}", hint=error.hint) from None
        return _without_stack(console, settings, request, form)
    key = submit.install_packages(console, found, request.requirements)
    with submit.mounted(console, settings, request) as (config, options):
        own = submit.path_options(f"{packages.INSIDE}/{key}") if key else []
        return driver.run(found, _command(request, config, form), options=[*options, *own]).exit_code


def _needs_store(request: Request) -> str:
    """Returns why a plan can't be made without the store; empty if it can."""
    options = parse_options(["--feature-config", str(request.config), *request.arguments])
    if options.resume is not None:
        return "What a resumed run reuses is asked of the store."
    if request.requirements is not None:
        return "Packages are installed into a volume of the stack."
    in_store = options.keys is not None and is_s3(normalise(options.keys))
    return "The keys are read from the store." if in_store else ""


def _command(request: Request, config: str, form: str) -> list[str]:
    where = ["--feature-config", config, "--project-path", project.INSIDE]
    return ["python", "-m", "spark_etl", "plan", "--format", form, *where, *request.arguments]


def _without_stack(console: Console, settings: Settings, request: Request, form: str) -> int:
    engine = connection.connect(console, settings)
    image = inventory.identities(engine, settings, [IMAGE]).get(IMAGE)
    if image is None:
        raise StackError(
            f"The stack `{settings.stack}` is not up, and the image that a plan is made in is not built.",
            hint="sandbox up",
        )
    console.info(f"the stack `{settings.stack}` is not up: what outputs would replace can't be seen")
    with submit.mounted(console, settings, request) as (config, options):
        name = f"{settings.stack}-plan-{uuid.uuid4().hex[:8]}"
        argv = ["docker", "run", "--rm", "--name", name, *ALONE, *options, image["id"]]
        return _run(Session(engine, settings), name, [*argv, "runner", *_command(request, config, form)])


def _run(found: Session, name: str, argv: Sequence[str]) -> int:
    """Runs it to its end and returns its exit code; interrupted, it removes the container first."""
    process = subprocess.Popen(
        argv,
        env=found.engine.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches this process only, which passes it on once
    )
    try:
        passing.to_the_end(process, found.settings.stack)
    except KeyboardInterrupt:
        driver.stop(found, name, process)
        raise
    return process.returncode
