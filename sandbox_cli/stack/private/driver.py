"""The driver of a place: local Spark, on the network of the private store and no other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field

from docker.models.containers import Container
from spark_etl.debugging.foreign_code import ISOLATED

from sandbox_cli.stack import passing, variables
from sandbox_cli.stack.pipelines.driver import stop
from sandbox_cli.stack.private.limits import limits
from sandbox_cli.stack.private.packages import FOLDER, copy_packages
from sandbox_cli.stack.private.place import Place
from sandbox_cli.stack.private.store import HOST, S3_USER, PrivateStore, put_secrets
from sandbox_cli.stack.session import Session

USER = 10001
CORES, MEMORY, PIDS = 2, "3g", 1024
PERIOD = 100_000


class TimeOverError(Exception):
    """Raised for a driver that has taken longer than it may."""


@dataclass
class Given:
    """What a driver is given, as the engine takes it.

    Attributes:
        environment: Variables.
        volumes: What is mounted.
        folder: Where it starts; None: the image's own.
    """

    environment: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    folder: str | None = None


def given_by(options: Sequence[str]) -> Given:
    """Returns what options of `docker run` say; a variable without a value is this process's own.

    Args:
        options: `--env`, `--volume` and `--workdir`, each with its value.
    """
    found = Given()
    for option, value in zip(options[::2], options[1::2], strict=True):
        if option == "--env":
            name, equals, text = value.partition("=")
            found.environment[name] = text if equals else os.environ[name]
        elif option == "--volume":
            found.volumes.append(value)
        elif option == "--workdir":
            found.folder = value
        else:
            raise ValueError(option)
    return found


def run(
    session: Session,
    place: Place,
    store: PrivateStore,
    command: Sequence[str],
    options: Sequence[str],
    *,
    seconds: float | None = None,
) -> int:
    """Runs a command in the driver of a place, to its end, and returns its exit code.

    Its streams are passed on as they come. When it is interrupted, or its time is over, it is stopped first, so that
    the replay records how it ended; what does not end by itself then is killed.

    Args:
        session: The stack.
        place: The place.
        store: Its store.
        command: What to run.
        options: Those of `docker run` that say what it is given.
        seconds: What it may take; None for as long as it takes.

    Raises:
        TimeOverError: It has taken longer.
    """
    _create(session, place, store, command, given_by(options))
    process = subprocess.Popen(
        ["docker", "start", "--attach", place.driver],
        env=session.engine.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches this process only, which passes it on once
    )
    try:
        passing.to_the_end(process, session.settings.stack, seconds=seconds)
    except KeyboardInterrupt:
        stop(session, place.driver, process)
        raise
    except subprocess.TimeoutExpired as error:
        stop(session, place.driver, process, "its time is over")
        raise TimeOverError from error
    return process.returncode


def _create(session: Session, place: Place, store: PrivateStore, command: Sequence[str], given: Given) -> Container:
    volumes = list(given.volumes)
    if found := FOLDER.fullmatch(given.environment.get("SPARK_ETL_PACKAGES", "")):
        volumes.append(copy_packages(session, place, found[1]))
    container = session.engine.client.containers.create(
        session.compose.variables["SANDBOX_IMAGE_SPARK"],
        ["runner", *command],
        name=place.driver,
        environment={**given.environment, **_environment(session)},
        volumes=volumes,
        working_dir=given.folder,
        network=place.network,
        labels=place.labels,
        cpu_period=PERIOD,
        cpu_quota=CORES * PERIOD,
        **limits(USER, memory=MEMORY, pids=PIDS),
    )
    put_secrets(container, {"s3_secret_key": store.secret}, USER)
    return container


def _environment(session: Session) -> dict[str, str]:
    """Returns the variables of every driver of a place; a run's own do not take their places."""
    hosts = f"localhost,127.0.0.1,{HOST}"
    return {
        ISOLATED: "1",
        "AWS_ENDPOINT_URL_S3": f"http://{HOST}:9000",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": S3_USER,
        "NO_PROXY": hosts,
        "no_proxy": hosts,
        "SPARK_ETL_CHECKPOINT_ON_FAILURE": "1",
        "SPARK_ETL_HUB": variables.remembered(session.settings).get("SANDBOX_HUB_URL", ""),
        "SPARK_ETL_PROGRAM": session.settings.program,
        "SPARK_SUBMIT_OPTS": "-XX:TieredStopAtLevel=1",
    }
