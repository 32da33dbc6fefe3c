"""The measurements, each on a stack of the bench's own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from docker.models.containers import Container

from bench.figures import Figure, seconds
from sandbox_cli.stack import services
from tests.support.engine import Containers, client
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

COLD_SECONDS = 3600
SETTLE_SECONDS = 45
MB = 1_000_000
IMAGE_LIMITS = {"spark": 1300.0, "hub": 500.0, "minio": 250.0, "notebook": 500.0}


def cold_up(sandbox: Sandbox) -> Figure:
    """Measures `up` after every image of the sandbox and the build cache are gone."""
    for image in client().images.list(filters={"reference": "sandbox/*"}):
        client().images.remove(image.id, force=True)
    client().api.prune_builds(all=True)
    took = seconds(lambda: sandbox("up", timeout=COLD_SECONDS))
    return Figure("cold up: no images, no state", took, "s", limit=540)


def warm_up(sandbox: Sandbox) -> Figure:
    """Measures `up` of a stack that is down, with its images and its sample run."""
    took = seconds(lambda: sandbox("up", timeout=600))
    return Figure(
        "warm up: to links and smoke test", took, "s", limit=45, raw=engine_start(), note="start a JVM's container"
    )


def second_up(sandbox: Sandbox) -> Figure:
    """Measures `up` of a stack that is up."""
    took = min(seconds(lambda: sandbox("up")) for _ in range(3))
    return Figure("second up", took, "s", limit=5, raw=seconds(lambda: sandbox("--help")), note="the command's --help")


def down(sandbox: Sandbox) -> Figure:
    """Measures `down` with one user's server running."""
    with logged_in(sandbox) as engineer:
        engineer.start_server()
    return Figure("down, with a user's server", seconds(lambda: sandbox("down")), "s", limit=15)


def engine_start() -> float:
    """Returns how long the engine takes to run nothing in the smallest image of the stack."""
    image = client().images.list(filters={"reference": "sandbox/base"})[0]
    return min(seconds(lambda: client().containers.run(image.id, ["true"], remove=True)) for _ in range(3))


def idle_memory(sandbox: Sandbox) -> Iterator[Figure]:
    """Measures what each service needs while it is idle, page cache not counted."""
    containers = [c for c in Containers(sandbox.stack).all() if c.status == "running"]
    with ThreadPoolExecutor(len(containers)) as pool:
        used = list(pool.map(memory, containers))
    for container, megabytes in sorted(zip(containers, used, strict=True), key=lambda pair: -pair[1]):
        yield Figure(f"idle memory: {str(container.name).removeprefix(sandbox.stack + '-')}", megabytes, "MB")
    yield Figure("idle memory: whole stack", sum(used), "MB", limit=1350)


def memory(container: Container) -> float:
    """Returns a container's memory in MB."""
    stats: Any = container.stats(stream=False)
    return services.memory_used(stats) / MB


def image_sizes() -> Iterator[Figure]:
    """Measures each image the stack uses; the notebook's counts what it adds to Spark's."""
    sizes = {name: size_of(name) for name in ("base", "minio", "spark", "hub", "notebook", "docker-api", "mail")}
    sizes["notebook"] -= sizes["spark"]
    for name, size in sizes.items():
        what = f"image size: {name}" + (" (on top of spark)" if name == "notebook" else "")
        yield Figure(what, size, "MB", limit=IMAGE_LIMITS.get(name))


def size_of(name: str) -> float:
    """Returns the size of the newest image of that name in MB."""
    images = client().images.list(filters={"reference": f"sandbox/{name}"})
    newest = max(images, key=lambda image: str(image.attrs["Created"]))
    return float(newest.attrs["Size"] / MB)


def logged_in(sandbox: Sandbox) -> HubClient:
    """Returns the engineer's session with the hub."""
    return HubClient(sandbox.port("hub")).login("engineer", sandbox.password("engineer"))
