"""Checks of what lies below the stack: disk, memory, ports, clock, images."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import httpx

from sandbox_cli.settings import Settings
from sandbox_cli.stack import ports, services
from sandbox_cli.stack.doctor.check import CheckFailed
from sandbox_cli.stack.engine import capacity
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.images import inventory
from sandbox_cli.stack.session import without_state

CLOCK_SECONDS = 5.0


def disk(engine: Engine) -> str:
    """Disk space for containers and data."""
    free, needed = capacity.measure(engine).free, capacity.needed_gb(to_build=False)
    if free is None:
        return "in a virtual machine, not visible from here"
    if free < needed * capacity.GB:
        raise CheckFailed(
            f"{free / capacity.GB:.1f} GB free, {needed:g} GB needed",
            "docker system df\nIt shows what takes space. `docker image prune` and `docker builder prune` free some.",
        )
    return f"{free / capacity.GB:.0f} GB free"


def memory(engine: Engine) -> str:
    """Memory for the stack."""
    available = capacity.measure(engine)
    if warning := capacity.memory_warning(available):
        raise CheckFailed(warning, "sandbox up --workers 1")
    return f"{available.memory / capacity.GB:.1f} GB, {available.cores} cores"


def published_ports(engine: Engine, settings: Settings) -> str:
    """The ports that the stack publishes, or would."""
    known, published = ports.remembered(settings), services.published(engine, settings)
    if not known:
        error = without_state(settings, containers := len(services.containers(engine, settings)))
        raise CheckFailed(error.message, error.hint or "", state="broken" if containers else "stopped")
    taken = [f"{name} {port}" for name, port in known.items() if port not in published and not ports.is_free(port)]
    if taken:
        raise CheckFailed(f"used by another program: {', '.join(taken)}", "sandbox up\nIt takes the next free ones.")
    if not set(known.values()) <= published:
        raise CheckFailed("free, but no service of the stack listens", "sandbox up", state="stopped")
    return ", ".join(f"{name} 127.0.0.1:{port}" for name, port in known.items())


def clock(settings: Settings) -> str:
    """This machine's clock against MinIO's: S3 refuses signatures that are minutes off."""
    port = ports.remembered(settings)["s3"]
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/minio/health/live", timeout=5, trust_env=False)
        theirs = datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise CheckFailed(f"MinIO does not say what time it is: {error}", "sandbox logs minio") from None
    off = time.time() - theirs.timestamp()
    if abs(off) > CLOCK_SECONDS:
        raise CheckFailed(f"the containers' clock is {off:.0f} s off this machine's", "restart Docker, or its machine")
    return "same in the containers"


def current_images(engine: Engine, settings: Settings) -> str:
    """Every image is there, and made from the present checkout."""
    if missing := inventory.missing(engine, settings):
        raise CheckFailed(f"missing, or older than the checkout: {', '.join(missing)}", "sandbox up")
    return "all current"
