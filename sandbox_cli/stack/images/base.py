"""The base image: Debian 13 and nothing more, by one tag however it was got.

1. An image registry answers within seconds: Debian's own image, by digest.
2. None answers: the same system made from Debian's packages (`rootfs`).
3. `--offline`: neither; the image is there already, or that is the error.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from sandbox_cli.errors import StackError
from sandbox_cli.stack.images import rootfs
from sandbox_cli.stack.images.context import content_hash

if TYPE_CHECKING:
    from sandbox_cli.console import Stage
    from sandbox_cli.settings import Settings
    from sandbox_cli.stack.engine.connection import Engine

# debian:trixie-slim, the index of all its architectures. A later one is found with
# `docker buildx imagetools inspect debian:trixie-slim`.
DIGEST = "sha256:3a39a0592364683e6bab97937b72cad5a8fa6dcbbee90edb3bb48c7f8e94f258"
PINNED = f"debian@{DIGEST}"
REF = f"sandbox/base:{content_hash([PINNED, *rootfs.recipe()])}"
REGISTRY_SECONDS = 6
PULL_SECONDS = 300


def make(engine: Engine, settings: Settings, stage: Stage) -> str:
    """Makes the image `REF`, and returns how: `pulled` or `made from packages`.

    Raises:
        StackError: No registry answers, and this machine can't make the image itself.
        EngineError: A tool for making it is missing and could not, or may not, be installed.
    """
    if settings.offline:
        raise StackError(f"The base image {REF} is missing, and --offline forbids to get it.", hint="sandbox up")
    if _tag_local(engine) or (_registry_answers(engine, stage) and _pull(engine, stage)):
        return "pulled"
    stage.update("base: no image registry answers, so it is made from Debian's packages")
    rootfs.make(engine, settings, stage, REF)
    return "made from packages"


def _tag_local(engine: Engine) -> bool:
    """Tags the pinned image if the engine has it."""
    try:
        engine.client.images.get(PINNED).tag(REF)
    except docker.errors.ImageNotFound:
        return False
    return True


def _registry_answers(engine: Engine, stage: Stage) -> bool:
    """Asks through the engine, which knows mirrors, proxies and logins."""
    stage.update("base: asking the image registry")
    before, engine.client.api.timeout = engine.client.api.timeout, REGISTRY_SECONDS
    try:
        engine.client.api.inspect_distribution(PINNED)  # type: ignore[no-untyped-call]
    except (DockerException, RequestException):
        return False
    finally:
        engine.client.api.timeout = before
    return True


def _pull(engine: Engine, stage: Stage) -> bool:
    """Pulls the pinned image; False if that breaks off, as where a registry answers but its downloads are blocked."""
    stage.update("base: pulling Debian 13 (30 MB)")
    argv = ["docker", "pull", "--quiet", PINNED]
    try:
        subprocess.run(argv, env=engine.environment(), capture_output=True, timeout=PULL_SECONDS, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    return _tag_local(engine)
