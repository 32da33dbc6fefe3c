"""The hops below the stack: engine, disk, memory, ports, clock, images."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import httpx

from sandbox_cli.settings import Settings
from sandbox_cli.stack import ports, services
from sandbox_cli.stack.doctor.hop import NotWell
from sandbox_cli.stack.engine import capacity
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.images import inventory

CLOCK_SECONDS = 5.0


def disk(engine: Engine) -> str:
    """Room for containers and data."""
    has, needed = capacity.look(engine), capacity.needed_gb(to_build=False)
    if has.free is None:
        return "in a virtual machine, not visible from here"
    if has.free < needed * capacity.GB:
        raise NotWell(
            f"{has.free / capacity.GB:.1f} GB free, {needed:g} GB needed", "docker system df; sandbox reset --images"
        )
    return f"{has.free / capacity.GB:.0f} GB free"


def memory(engine: Engine) -> str:
    """Memory for the stack."""
    has = capacity.look(engine)
    if warning := capacity.memory_warning(has):
        raise NotWell(warning, "sandbox up --workers 1")
    return f"{has.memory / capacity.GB:.1f} GB, {has.cores} cores"


def published_ports(engine: Engine, settings: Settings) -> str:
    """The ports that the stack publishes, or would."""
    known, ours = ports.remembered(settings), services.published(engine, settings)
    if not known:
        raise NotWell("the stack was never started here", "sandbox up", state="stopped")
    taken = [f"{name} {port}" for name, port in known.items() if port not in ours and not ports.is_free(port)]
    if taken:
        raise NotWell(f"held by another program: {', '.join(taken)}", "sandbox up (takes the next free ones)")
    if not set(known.values()) <= ours:
        raise NotWell("free, but nothing of the stack listens", "sandbox up", state="stopped")
    return ", ".join(f"{name} 127.0.0.1:{port}" for name, port in known.items())


def clock(settings: Settings) -> str:
    """This machine's clock against MinIO's: S3 refuses signatures that are minutes off."""
    port = ports.remembered(settings)["s3"]
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/minio/health/live", timeout=5, trust_env=False)
        there = datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise NotWell(f"MinIO tells no time: {error}", "sandbox logs minio") from None
    off = time.time() - there.timestamp()
    if abs(off) > CLOCK_SECONDS:
        raise NotWell(f"the containers' clock is {off:.0f} s off this machine's", "restart Docker, or its machine")
    return "same in the containers"


def current_images(engine: Engine, settings: Settings) -> str:
    """Every image is there, and made from the present checkout."""
    if gone := inventory.missing(engine, settings):
        raise NotWell(f"missing, or older than the checkout: {', '.join(gone)}", "sandbox up")
    return "all current"
