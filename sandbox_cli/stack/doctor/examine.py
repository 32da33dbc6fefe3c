"""The whole way, in the order in which it is walked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import services
from sandbox_cli.stack.doctor import machine_checks as below
from sandbox_cli.stack.doctor.hop import Check, Hop
from sandbox_cli.stack.doctor.stack_checks import Walk, service
from sandbox_cli.stack.engine import connection as engines
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.session import Session

FIRST_SERVICE = 10


def examine(console: Console, settings: Settings) -> list[Hop]:
    """Looks at every hop and returns what was found, the last hop last.

    Raises:
        EngineError: There is no engine; then there is no way at all.
    """
    engine = engines.connect(console, settings)
    walk = Walk(Session(engine, settings), settings)
    hops = {"D01": Hop("D01", "engine", "ok", seen=engine.description)}
    with console.stage("doctor") as stage:
        try:
            for check in _checks(engine, settings, walk):
                stage.update(f"{check.code} {check.name}")
                hops[check.code] = check.go(hops)
        finally:
            with contextlib.suppress(SandboxError):  # what could not be started can't be stopped either
                walk.close()
        bad = [hop for hop in hops.values() if not hop.ok]
        stage.result = f"{len(hops)} hops, {len(bad)} not well" if bad else f"{len(hops)} hops, all well"
    return list(hops.values())


def _checks(engine: Engine, settings: Settings, walk: Walk) -> Iterator[Check]:
    yield Check("D02", "disk", lambda: below.disk(engine))
    yield Check("D03", "memory", lambda: below.memory(engine))
    yield Check("D04", "images", lambda: below.current_images(engine, settings))
    yield Check("D05", "ports", lambda: below.published_ports(engine, settings))
    parts = services.parts(engine, settings)
    there = {part.service for part in parts}
    wanted = [name for name in services.SERVICES if name not in services.OPTIONAL or name in there]
    codes = {name: f"D{FIRST_SERVICE + index}" for index, name in enumerate(services.SERVICES)}
    for name in wanted:
        yield Check(codes[name], name, lambda name=name: service(parts, name))  # type: ignore[misc]
    yield Check("D06", "clock", lambda: below.clock(settings), needs=(codes["minio"], "D05"))
    yield Check("D21", "spawn", walk.spawn, needs=(codes["hub"], codes["docker-api"]))
    yield Check("D22", "kernel", walk.start_kernel, needs=("D21",))
    spark = tuple(codes[name] for name in ("spark-master", "spark-worker", "spark-connect"))
    yield Check("D23", "Spark session", walk.spark_session, needs=("D22", *spark))
    yield Check("D24", "executor", walk.executor, needs=("D23",))
    yield Check("D25", "S3 write", walk.s3_write, needs=("D22", codes["minio"]))
    yield Check("D26", "S3 read", walk.s3_read, needs=("D25",))
