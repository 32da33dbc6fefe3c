#!/usr/bin/python3 -I
"""What every container of the Spark image starts with: secrets into the environment, waits, then the role's process.

    entrypoint master | worker | connect | history      a service of the stack
    entrypoint runner COMMAND [ARGUMENT…]               a driver: `runner python …`, `runner spark-submit …`

Secrets are files of /run/secrets and become environment variables, never arguments. The services' JVMs are started
directly, not by spark-class: that saves a second JVM per start and allows a class data archive (see cds.py).
"""

from __future__ import annotations

import configparser
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECRETS = Path("/run/secrets")
VARIABLES = {
    "spark_auth_secret": "_SPARK_AUTH_SECRET",
    "s3_secret_key": "AWS_SECRET_ACCESS_KEY",
    "spark_connect_token": "SPARK_CONNECT_AUTHENTICATE_TOKEN",
}
MASTER = "spark://spark-master:7077"
EVENT_LOGS = "events?list-type=2&max-keys=1&prefix=logs%2F"
WAIT_SECONDS = 300.0

# Idle most of the time, busy for moments: one compiler, one collector thread, memory handed back, and classes mapped
# from the archive at the address they were dumped for, so that containers share them.
SMALL_JVM = (
    "-XX:SharedArchiveFile=/opt/spark/cds/spark.jsa",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:ArchiveRelocationMode=0",
    "-Xlog:cds=off",
    "-Xms8m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:MinHeapFreeRatio=10",
    "-XX:MaxHeapFreeRatio=30",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Xss512k",
)


class EntrypointError(Exception):
    """Raised when the container can't do its role: shown in one line, exit code 2."""


@dataclass(frozen=True)
class Service:
    """One role that is a JVM: its memory, what it must have and wait for, and its command line.

    Attributes:
        heap: -Xmx, unless `heap_variable` is set in the environment.
        secrets: Names in /run/secrets without which it can't start.
        waits: What has to answer first: "master", "event logs".
        command: Main class and arguments; {master} stands for the master's address.
    """

    heap: str
    heap_variable: str
    secrets: tuple[str, ...]
    waits: tuple[str, ...]
    command: tuple[str, ...]
    jvm: tuple[str, ...] = ()


SERVICES = {
    "master": Service(
        heap="128m",
        heap_variable="SANDBOX_MASTER_HEAP",
        secrets=("spark_auth_secret",),
        waits=(),
        command=(
            "org.apache.spark.deploy.master.Master",
            *("--host", "spark-master", "--port", "7077", "--webui-port", "8080"),
        ),
        jvm=("-XX:ReservedCodeCacheSize=32m",),
    ),
    "worker": Service(
        heap="128m",
        heap_variable="SANDBOX_WORKER_HEAP",
        secrets=("spark_auth_secret",),
        waits=("master",),
        command=(
            "org.apache.spark.deploy.worker.Worker",
            *("--webui-port", "8081", "--work-dir", "/var/lib/spark/work", "{master}"),
        ),
        jvm=("-XX:ReservedCodeCacheSize=32m",),
    ),
    "connect": Service(
        heap="768m",
        heap_variable="SANDBOX_CONNECT_HEAP",
        secrets=("spark_auth_secret", "spark_connect_token"),
        waits=("master", "event logs"),
        command=(
            "org.apache.spark.deploy.SparkSubmit",
            *("--master", "{master}", "--name", "Spark Connect"),
            *("--conf", "spark.dynamicAllocation.initialExecutors=0"),
            *("--conf", "spark.sql.extensions=sandbox.AllowedSchemes"),
            *("--conf", "spark.hadoop.fs.s3a.aws.credentials.provider=sandbox.KeysOfAFile"),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"),
        ),
        jvm=("-XX:ReservedCodeCacheSize=96m",),
    ),
    "history": Service(
        heap="256m",
        heap_variable="SANDBOX_HISTORY_HEAP",
        secrets=("s3_secret_key",),
        waits=("event logs",),
        command=("org.apache.spark.deploy.history.HistoryServer",),
        jvm=(
            "-XX:ReservedCodeCacheSize=48m",
            "-Dspark.ui.proxyBase=/services/ui/history",
            "-Dspark.authenticate=false",
        ),
    ),
}


def say(message: str) -> None:
    """Writes a line to the container's log."""
    sys.stderr.write(f"entrypoint: {message}\n")
    sys.stderr.flush()


def secret_environment(folder: Path, required: tuple[str, ...] = ()) -> dict[str, str]:
    """Returns the variables for the secrets in `folder`.

    Raises:
        EntrypointError: When a required one is missing, or one can't be read.
    """
    found = {}
    for name, variable in VARIABLES.items():
        try:
            found[variable] = (folder / name).read_text().strip()
        except FileNotFoundError:
            if name in required:
                raise EntrypointError(f"secret {folder / name} is missing; `sandbox up` fills that volume") from None
        except PermissionError:
            raise EntrypointError(f"secret {folder / name} is not readable by uid {os.getuid()}") from None
    return found


def master_answers(environment: dict[str, str]) -> bool:
    """Returns whether the master's port accepts connections."""
    host, _, port = environment.get("SPARK_MASTER_URL", MASTER).removeprefix("spark://").partition(":")
    try:
        with socket.create_connection((host, int(port or 7077)), timeout=2):
            return True
    except OSError:
        return False


def keys_of(environment: dict[str, str]) -> tuple[str, str]:
    """Returns access and secret key: of the file of keys if there is to be one, else of the environment."""
    file = environment.get("AWS_SHARED_CREDENTIALS_FILE")
    if file is None:
        return environment.get("AWS_ACCESS_KEY_ID", ""), environment.get("AWS_SECRET_ACCESS_KEY", "")
    profiles = configparser.ConfigParser(interpolation=None)
    profiles.read(file)
    return (
        profiles.get("default", "aws_access_key_id", fallback=""),
        profiles.get("default", "aws_secret_access_key", fallback=""),
    )


def event_logs_exist(environment: dict[str, str]) -> bool:
    """Returns whether this S3 user finds the folder for event logs in S3; the keys go to curl by stdin."""
    if "AWS_ENDPOINT_URL_S3" not in environment:
        return True
    user = ":".join(keys_of(environment))
    options = {
        "url": f"{environment['AWS_ENDPOINT_URL_S3']}/{EVENT_LOGS}",
        "aws-sigv4": f"aws:amz:{environment.get('AWS_REGION', 'us-east-1')}:s3",
        "user": user.replace("\\", "\\\\").replace('"', '\\"'),
        "max-time": "5",
    }
    config = "fail\nsilent\n" + "".join(f'{name} = "{value}"\n' for name, value in options.items())
    curl = ["curl", "--disable", "--config", "-"]
    return b"<Key>" in subprocess.run(curl, input=config.encode(), stdout=subprocess.PIPE, check=False).stdout


WAITS: dict[str, tuple[str, Callable[[dict[str, str]], bool]]] = {
    "master": ("the Spark master", master_answers),
    "event logs": ("s3a://events/logs, which `sandbox up` makes", event_logs_exist),
}


def wait_for(what: str, answers: Callable[[], bool], *, seconds: float, interval: float = 0.2) -> None:
    """Returns as soon as `answers()`; says once that it waits.

    Raises:
        EntrypointError: After `seconds`.
    """
    started = time.monotonic()
    said = False
    while not answers():
        if time.monotonic() - started > seconds:
            raise EntrypointError(f"{what} did not answer in {seconds:.0f} s")
        if not said:
            say(f"waiting for {what}")
            said = True
        time.sleep(interval)


def java_command(service: Service, environment: dict[str, str]) -> list[str]:
    """Returns the command line of the service's JVM."""
    heap = environment.get(service.heap_variable) or service.heap
    master = environment.get("SPARK_MASTER_URL", MASTER)
    command = [argument.format(master=master) for argument in service.command]
    return ["java", "@/opt/spark/java.args", f"-Xmx{heap}", *SMALL_JVM, *service.jvm, *command]


def prepare(arguments: list[str], environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Returns the command and the environment of the role in `arguments`, once everything it needs is there.

    Raises:
        EntrypointError: When the role is unknown or incomplete, a secret is missing or a wait took too long.
    """
    role, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if role == "runner":
        if not rest:
            raise EntrypointError("runner needs a command: `runner python …` or `runner spark-submit …`")
        return rest, {**environment, **secret_environment(SECRETS)}
    if role not in SERVICES:
        raise EntrypointError(f"unknown role `{role}`. Known: {', '.join(SERVICES)}, runner")
    service = SERVICES[role]
    environment = {**environment, **secret_environment(SECRETS, service.secrets)}
    seconds = float(environment.get("SANDBOX_WAIT_SECONDS", WAIT_SECONDS))
    for name in service.waits:
        what, answers = WAITS[name]
        wait_for(what, lambda answers=answers: answers(environment), seconds=seconds)
    return java_command(service, environment), environment


def main() -> int:
    """Becomes the role's process; returns 2 when it can't, 127 when there is no such command."""
    try:
        command, environment = prepare(sys.argv[1:], dict(os.environ))
    except EntrypointError as error:
        say(str(error))
        return 2
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is the point
    except FileNotFoundError:
        say(f"no such command: {command[0]}")
        return 127


if __name__ == "__main__":
    raise SystemExit(main())
