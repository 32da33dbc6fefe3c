"""All checks, in their order: from the engine to a file in S3."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence

from spark_etl.names import alternatives

from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError, UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import services, variables
from sandbox_cli.stack.doctor import machine_checks
from sandbox_cli.stack.doctor.check import Check, CheckResult
from sandbox_cli.stack.doctor.stack_checks import CheckContext, service
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.session import Session

CODE = re.compile(r"D\d\d")
FIRST_SERVICE = 10
# In their order, as the command takes them.
CHECK_NAMES = (
    *("engine", "disk", "memory", "images", "ports", *services.SERVICES, "clock"),
    *("spawn", "kernel", "spark-session", "executor", "s3-write", "s3-read"),
)
SERVICE_CODES = {name: f"D{FIRST_SERVICE + index}" for index, name in enumerate(services.SERVICES)}
CODES = (*(f"D0{index}" for index in range(1, 7)), *SERVICE_CODES.values(), *(f"D2{index}" for index in range(1, 7)))


def run_checks(console: Console, settings: Settings, names: Sequence[str] = ()) -> list[CheckResult]:
    """Runs the checks and returns the results, in order.

    Args:
        console: Shows which check runs.
        settings: Which stack.
        names: Names or codes of those that are wanted, with what each of them needs; all if empty.

    Raises:
        UsageError: There is no check of that name.
        EngineError: There is no engine; then nothing else can be checked.
    """
    for name in names:
        _refuse_unknown(name)
    engine = connection.connect(console, settings)
    context = CheckContext(Session(engine, settings), settings)
    results = {"D01": CheckResult("D01", "engine", "ok", seen=engine.description)}
    with console.stage("doctor") as stage:
        try:
            for check in _wanted(list(_checks(engine, settings, context, names)), names):
                stage.update(f"{check.code} {check.name}")
                results[check.code] = check.run(results)
        finally:
            with contextlib.suppress(SandboxError):  # what could not be started can't be stopped either
                context.close()
        failed = sum(not result.ok for result in results.values())
        stage.result = f"{len(results)} checks, {f'{failed} not ok' if failed else 'all ok'}"
    return list(results.values())


def _refuse_unknown(name: str) -> None:
    is_code = CODE.fullmatch(_as_name(name).upper()) is not None
    if _as_name(name) not in (map(str.lower, CODES) if is_code else CHECK_NAMES):
        known = f"Known: {', '.join(CODES)}." if is_code else alternatives(_as_name(name), CHECK_NAMES)
        raise UsageError(f"There is no check `{name}`. {known}", hint="sandbox doctor --help")


def _as_name(text: str) -> str:
    return text.strip().lower().replace(" ", "-").replace("_", "-")


def _wanted(checks: list[Check], names: Sequence[str]) -> list[Check]:
    """Returns the checks of these names or codes, and those that they need; all of them without a name."""
    if not names:
        return checks
    codes = {check.code for check in checks if _is_named(check.code, check.name, names)}
    for check in reversed(checks):  # what a check needs comes before it
        codes |= set(check.needs) if check.code in codes else set()
    return [check for check in checks if check.code in codes]


def _is_named(code: str, name: str, names: Sequence[str]) -> bool:
    return not {code.lower(), _as_name(name)}.isdisjoint(map(_as_name, names))


def _checks(engine: Engine, settings: Settings, context: CheckContext, names: Sequence[str]) -> Iterator[Check]:
    yield Check("D02", "disk", lambda: machine_checks.disk(engine))
    yield Check("D03", "memory", lambda: machine_checks.memory(engine))
    yield Check("D04", "images", lambda: machine_checks.current_images(engine, settings))
    yield Check("D05", "ports", lambda: machine_checks.published_ports(engine, settings))
    containers = services.containers(engine, settings)
    present = {container.service for container in containers}
    left_out = variables.left_out(settings)
    for name in services.SERVICES:
        may_lack = name in services.OPTIONAL or (not names and services.PARTS.get(name) in left_out)
        if may_lack and name not in present and not _is_named(SERVICE_CODES[name], name, names):
            continue  # left out by `up --without`
        yield Check(SERVICE_CODES[name], name, lambda name=name: service(containers, name))  # type: ignore[misc]
    yield Check("D06", "clock", lambda: machine_checks.clock(settings), needs=(SERVICE_CODES["minio"], "D05"))
    if left_out and not names:
        return  # what follows is done as a user does it, in a server of the hub and with Spark Connect
    yield Check("D21", "spawn", context.spawn, needs=(SERVICE_CODES["hub"], SERVICE_CODES["docker-api"]))
    yield Check("D22", "kernel", context.start_kernel, needs=("D21",))
    spark = tuple(SERVICE_CODES[name] for name in ("spark-master", "spark-worker", "spark-connect"))
    yield Check("D23", "Spark session", context.spark_session, needs=("D22", *spark))
    yield Check("D24", "executor", context.executor, needs=("D23",))
    yield Check("D25", "S3 write", context.s3_write, needs=("D22", SERVICE_CODES["minio"]))
    yield Check("D26", "S3 read", context.s3_read, needs=("D25",))
