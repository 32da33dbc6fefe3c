"""All checks, in their order: from the engine to a file in S3."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import services
from sandbox_cli.stack.doctor import machine_checks
from sandbox_cli.stack.doctor.check import Check, CheckResult
from sandbox_cli.stack.doctor.stack_checks import CheckContext, service
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.session import Session

FIRST_SERVICE = 10


def run_checks(console: Console, settings: Settings) -> list[CheckResult]:
    """Runs every check and returns the results, in order.

    Raises:
        EngineError: There is no engine; then nothing else can be checked.
    """
    engine = connection.connect(console, settings)
    context = CheckContext(Session(engine, settings), settings)
    results = {"D01": CheckResult("D01", "engine", "ok", seen=engine.description)}
    with console.stage("doctor") as stage:
        try:
            for check in _checks(engine, settings, context):
                stage.update(f"{check.code} {check.name}")
                results[check.code] = check.run(results)
        finally:
            with contextlib.suppress(SandboxError):  # what could not be started can't be stopped either
                context.close()
        failed = sum(not result.ok for result in results.values())
        stage.result = f"{len(results)} checks, {f'{failed} not ok' if failed else 'all ok'}"
    return list(results.values())


def _checks(engine: Engine, settings: Settings, context: CheckContext) -> Iterator[Check]:
    yield Check("D02", "disk", lambda: machine_checks.disk(engine))
    yield Check("D03", "memory", lambda: machine_checks.memory(engine))
    yield Check("D04", "images", lambda: machine_checks.current_images(engine, settings))
    yield Check("D05", "ports", lambda: machine_checks.published_ports(engine, settings))
    containers = services.containers(engine, settings)
    present = {container.service for container in containers}
    expected = [name for name in services.SERVICES if name not in services.OPTIONAL or name in present]
    codes = {name: f"D{FIRST_SERVICE + index}" for index, name in enumerate(services.SERVICES)}
    for name in expected:
        yield Check(codes[name], name, lambda name=name: service(containers, name))  # type: ignore[misc]
    yield Check("D06", "clock", lambda: machine_checks.clock(settings), needs=(codes["minio"], "D05"))
    yield Check("D21", "spawn", context.spawn, needs=(codes["hub"], codes["docker-api"]))
    yield Check("D22", "kernel", context.start_kernel, needs=("D21",))
    spark = tuple(codes[name] for name in ("spark-master", "spark-worker", "spark-connect"))
    yield Check("D23", "Spark session", context.spark_session, needs=("D22", *spark))
    yield Check("D24", "executor", context.executor, needs=("D23",))
    yield Check("D25", "S3 write", context.s3_write, needs=("D22", codes["minio"]))
    yield Check("D26", "S3 read", context.s3_read, needs=("D25",))
