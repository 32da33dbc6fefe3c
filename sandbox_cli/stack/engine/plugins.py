"""What the docker command line needs beside an engine: Compose v2 and a BuildKit client."""

from __future__ import annotations

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

CLI = "docker"
COMPOSE = "Compose v2 (docker compose)"
BUILDX = "Buildx (docker buildx)"
_FIRST_CLI_WITHOUT_OWN_BUILDKIT = 23
_SECONDS = 20


def missing() -> list[str]:
    """Returns which of CLI, COMPOSE and BUILDX cannot be used here."""
    if shutil.which("docker") is None:
        return [CLI, COMPOSE, BUILDX]
    with ThreadPoolExecutor(max_workers=2) as pool:
        compose, buildx = pool.map(lambda has: has(), [_has_compose, _has_buildkit])
    return [name for name, there in [(COMPOSE, compose), (BUILDX, buildx)] if not there]


def _has_compose() -> bool:
    version = _output(["docker", "compose", "version", "--short"])
    return bool(version) and _major(version) >= 2


def _has_buildkit() -> bool:
    """Older command lines talk to the engine's BuildKit by themselves, newer ones need the plug-in."""
    if _output(["docker", "buildx", "version"]):
        return True
    return 0 < _major(_output(["docker", "--version"])) < _FIRST_CLI_WITHOUT_OWN_BUILDKIT


def _output(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _major(version: str) -> int:
    number = re.search(r"(\d+)\.\d+", version)
    return int(number[1]) if number else 0
