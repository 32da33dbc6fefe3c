"""What it takes to get a Docker engine on Debian and Ubuntu: a list of steps, shown first, then carried out.

Debian 12 has an engine (20.10) but neither Compose v2 nor Buildx. Both are Go programs that run there as Debian 13
packages them, so Debian 13 becomes a package source of such low priority that apt takes nothing from it unasked.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox_cli.errors import EngineError
from sandbox_cli.stack.engine import apt, plugins, start
from sandbox_cli.stack.engine.discovery import PAGE, Attempt, no_engine
from sandbox_cli.stack.engine.host import Host

if TYPE_CHECKING:
    from sandbox_cli.console import Console
    from sandbox_cli.settings import Settings

SOURCE_FILE = "/etc/apt/sources.list.d/sandbox-trixie.sources"
PIN_FILE = "/etc/apt/preferences.d/sandbox-trixie"
OLDEST_DEBIAN = 12
OLDEST_UBUNTU = 22
LOG_NAME = "engine-install.log"
_PIN = "Package: *\nPin: release n=trixie\nPin-Priority: 100\n"
_MARK = "# Written by `sandbox up` for docker-compose and docker-buildx; its undo is in docs/footprint.md.\n"
_NEEDED_WITH_ENGINE = ["iptables", "ca-certificates", "debootstrap", apt.KEYRING]


@dataclass(frozen=True)
class Step:
    """One change to the machine.

    Attributes:
        description: What is shown of it.
        run: Does it.
    """

    description: str
    run: Callable[[], None]


def plan(
    settings: Settings,
    *,
    running: bool,
    missing: Sequence[str],
    tried: Sequence[Attempt],
    host: Host | None = None,
) -> list[Step]:
    """Returns the steps from this machine as it is to an engine that answers and has Compose v2 and BuildKit.

    Args:
        settings: Where the log of the installation goes.
        running: Whether an engine answers already.
        missing: What the docker command line lacks (names of `plugins`).
        tried: Where an engine was looked for.
        machine: This machine; tests pass another.

    Raises:
        EngineError: An engine can't be installed on this machine.
    """
    host = host or Host(settings.state_dir / "logs" / LOG_NAME)
    denied = any(attempt.denied for attempt in tried)
    installed = host.program("dockerd") is not None
    _refuse_elsewhere(host, tried, missing, only_start=installed and not missing)
    packages = wanted_packages(host, engine=not (running or denied or installed), missing=missing)
    steps = _package_steps(host, packages) if packages else []
    if not running and not denied:
        steps.append(Step(start.describe(host), lambda: start.start(host)))
    if not running and os.geteuid() != 0:
        user = pwd.getpwuid(os.getuid()).pw_name
        steps.append(Step(f"add {user} to the group docker (that is as good as root)", lambda: _join(host, user)))
    return steps


def carry_out(console: Console, settings: Settings, steps: Sequence[Step]) -> None:
    """Shows all steps, asks on a terminal, and runs them one after the other.

    Raises:
        EngineError: The user said no, or a step failed.
    """
    console.info("No usable Docker engine yet. To get one, these changes are made to this machine:")
    for number, step in enumerate(steps, start=1):
        console.info(f"  {number}. {step.description}")
    console.info("Each one and its undo: docs/footprint.md")
    if not settings.assume_yes and not console.ask("Go on?"):
        raise EngineError("No Docker engine, and installing one was refused.", hint=f"see {PAGE}")
    for number, step in enumerate(steps, start=1):
        console.info(f"[engine] {number}/{len(steps)} {step.description}")
        step.run()


def wanted_packages(host: Host, *, engine: bool, missing: Sequence[str]) -> list[str]:
    """Returns the packages to install, as apt-get wants them named on this system."""
    system = host.distribution
    split_cli = system.id == "debian" and system.version != OLDEST_DEBIAN
    names = ["docker.io", *(["docker-cli"] if split_cli else []), *_NEEDED_WITH_ENGINE] if engine else []
    if engine and _apparmor_enabled():
        names.append("apparmor")
    if not engine and plugins.CLI in missing:
        names.append("docker-cli" if split_cli else "docker.io")
    there = host.packages(*names) if names else set()
    compose, buildx = _plugin_names(host)
    packages = {plugins.COMPOSE: compose, plugins.BUILDX: buildx}  # if installed, then too old
    return [name for name in names if name not in there] + [packages[tool] for tool in missing if tool in packages]


def _plugin_names(host: Host) -> tuple[str, str]:
    if host.packages("docker-ce-cli"):
        return "docker-compose-plugin", "docker-buildx-plugin"
    if host.distribution.id == "ubuntu":
        return "docker-compose-v2", "docker-buildx"
    suite = "/trixie" if _is_bookworm(host) else ""
    return f"docker-compose{suite}", f"docker-buildx{suite}"


def _package_steps(host: Host, packages: list[str]) -> list[Step]:
    steps = [Step("read the package lists anew (apt-get update)", lambda: apt.update(host))]
    if any(name.endswith("/trixie") for name in packages):
        what = f"add Debian 13 as a package source of low priority ({SOURCE_FILE}, {PIN_FILE})"
        steps.append(Step(what, lambda: add_trixie(host)))
    shown = " ".join(packages)
    steps.append(Step(f"install {shown} (apt-get install)", lambda: apt.install(host, packages)))
    return steps


def add_trixie(host: Host) -> None:
    """Makes Debian 13 a low-priority source, on the mirror that this machine uses; nothing if it is one already."""
    if any(source.codename == "trixie" for source in apt.sources(host)):
        return
    mirror = apt.mirror(host)
    if mirror is None:
        raise EngineError(
            "apt on this machine has no Debian mirror to take Debian 13's packages from.", hint=f"see {PAGE}"
        )
    signed = f"Signed-By: {apt.DEBIAN_KEYS}\n" if Path(apt.DEBIAN_KEYS).exists() else ""
    host.write(PIN_FILE, _PIN)  # first: without it, everything would count as upgradable
    host.write(SOURCE_FILE, f"{_MARK}Types: deb\nURIs: {mirror}\nSuites: trixie\nComponents: main\n{signed}")
    apt.update(host)


def _is_bookworm(host: Host) -> bool:
    return host.distribution.id == "debian" and host.distribution.version == OLDEST_DEBIAN


def _refuse_elsewhere(host: Host, tried: Sequence[Attempt], missing: Sequence[str], *, only_start: bool) -> None:
    system = host.distribution
    known = (system.id == "debian" and (system.version >= OLDEST_DEBIAN or system.version == 0)) or (
        system.id == "ubuntu" and system.version >= OLDEST_UBUNTU
    )
    lacks = f"; the docker command line lacks {' and '.join(missing)}" if missing else ""
    if not known and not (only_start and system.id != "darwin"):
        systems = f"Debian {OLDEST_DEBIAN} and Ubuntu {OLDEST_UBUNTU} or later"
        raise no_engine(tried, because=f"{lacks}, and {system.name} is not one where it can be installed ({systems})")
    if host.root_prefix is None:
        raise no_engine(tried, because=f"{lacks}, and getting one needs root or sudo without a password")


def _join(host: Host, user: str) -> None:
    host.root(["groupadd", "-f", "docker"])
    host.root(["usermod", "-aG", "docker", user])


def _apparmor_enabled() -> bool:
    enabled = Path("/sys/module/apparmor/parameters/enabled")
    return enabled.exists() and enabled.read_text(encoding="utf-8").strip() == "Y"
