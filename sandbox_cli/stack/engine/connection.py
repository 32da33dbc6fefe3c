"""The Docker engine: the one that answers, or a new one where it can be installed.

`connect` changes nothing, `ensure` also starts or installs. Both end with an engine that has Compose v2 and BuildKit.
"""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import docker

from sandbox_cli.errors import EngineError
from sandbox_cli.stack.engine import discovery, install, plugins
from sandbox_cli.stack.engine.discovery import PAGE, SYSTEM_SOCKET, Attempt, Candidate

if TYPE_CHECKING:
    from sandbox_cli.console import Console
    from sandbox_cli.settings import Settings

OLDEST_API = (1, 41)
_RESTARTED = "SANDBOX_IN_SOCKET_GROUP"


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    Attributes:
        client: A connected client of the Docker SDK.
        host: The engine's address, as the docker command line wants it in `DOCKER_HOST`.
        origin: Why this engine was taken: `DOCKER_HOST`, the current context or a well-known socket.
    """

    client: docker.DockerClient
    host: str
    origin: str

    @cached_property
    def info(self) -> dict[str, object]:
        """What the engine says about itself (`docker info`)."""
        return dict(self.client.info())

    @property
    def rootless(self) -> bool:
        """Whether the engine runs as an ordinary user."""
        options = self.info.get("SecurityOptions") or []
        return isinstance(options, list) and any("name=rootless" in str(option) for option in options)

    @property
    def description(self) -> str:
        """One line for people: version, operating system and address."""
        return f"Docker {self.info.get('ServerVersion')} on {self.info.get('OperatingSystem')}, {self.host}"

    @property
    def socket_path(self) -> str:
        """The engine's socket as a container's bind mount must name it.

        The path on this machine, except where the engine lives in a virtual machine of its own (Docker Desktop,
        colima, a remote host): there it is the system socket inside of that.
        """
        return self.host.removeprefix("unix://") if self._on_this_machine else SYSTEM_SOCKET

    @property
    def _on_this_machine(self) -> bool:
        if not self.host.startswith("unix://") or sys.platform != "linux":
            return False
        return "Docker Desktop" not in str(self.info.get("OperatingSystem")) and "/.colima/" not in self.host

    def socket_gid(self, image: str) -> int:
        """Returns the group that may use the socket, as a container sees it.

        Args:
            image: Any image with coreutils, used where the socket can only be looked at from a container.
        """
        if self.rootless:
            return 0  # the user who runs it is root in there
        if self._on_this_machine:
            return Path(self.socket_path).stat().st_gid
        output = self.client.containers.run(
            image,
            ["stat", "-Lc", "%g", SYSTEM_SOCKET],
            volumes=[f"{self.socket_path}:{SYSTEM_SOCKET}"],
            network_mode="none",
            remove=True,
        )
        return int(output)

    def environment(self) -> dict[str, str]:
        """Returns the environment in which a docker command line reaches this engine, and no other."""
        environment = {key: value for key, value in os.environ.items() if key != "DOCKER_CONTEXT"}
        return environment | {"DOCKER_HOST": self.host}


def connect(console: Console, settings: Settings) -> Engine:  # noqa: ARG001  one shape with `ensure`
    """Returns the engine that answers.

    Raises:
        EngineError: None answers, or Compose v2 or BuildKit is missing; the message names what was tried.
    """
    found, tried = discovery.find(discovery.candidates())
    if found is None:
        _restart_within_docker_group(tried)
        raise discovery.no_engine(tried, hint=f"sandbox up\nIt starts or installs one where it can; see {PAGE}")
    if missing := plugins.missing():
        raise EngineError(
            f"A Docker engine answers at {found[0].host}, but the docker command line lacks {' and '.join(missing)}.",
            hint=f"sandbox up\nIt installs them on Debian and Ubuntu. Elsewhere see {PAGE}",
        )
    return _checked(*found)


def ensure(console: Console, settings: Settings) -> Engine:
    """Returns the engine that answers; starts it, or installs what is missing, where this machine allows it.

    May ask a question on a terminal, so no live line may be on it meanwhile.

    Raises:
        EngineError: As `connect`; also when the user says no, or when the installation fails.
    """
    found, tried = discovery.find(discovery.candidates())
    missing = plugins.missing()
    if found is not None and not missing:
        return _checked(*found)
    if found is None:
        _restart_within_docker_group(tried)
        if any(attempt.candidate.chosen for attempt in tried):
            raise discovery.no_engine(tried)
    steps = install.plan(settings, running=found is not None, missing=missing, tried=tried)
    install.carry_out(console, settings, steps)
    return connect(console, settings)


def _checked(candidate: Candidate, client: docker.DockerClient) -> Engine:
    version = client.version()
    problem = ""
    if tuple(int(part) for part in str(version["ApiVersion"]).split(".")) < OLDEST_API:
        problem = f"is Docker {version['Version']}; 20.10 is the oldest usable"
    elif version.get("Os") != "linux":
        problem = f"runs {version.get('Os')} containers, not Linux ones"
    elif any("podman" in str(part.get("Name")).lower() for part in version.get("Components") or []):
        problem = "is Podman's imitation of Docker, which has no BuildKit"
    if problem:
        raise EngineError(f"The engine at {candidate.host} {problem}.", hint=f"see {PAGE}")
    return Engine(client=client, host=candidate.host, origin=candidate.origin)


def _restart_within_docker_group(tried: Sequence[Attempt]) -> None:
    """Lets the command that has just installed an engine go on, without a new login of its user."""
    for attempt in tried:
        path = Path(attempt.candidate.host.removeprefix("unix://"))
        if attempt.denied and path.exists():
            _restart_within(path.stat().st_gid)


def _restart_within(gid: int) -> None:
    """Replaces this process by the same command with the group added, where `sg` can do that without a password.

    A login that began before its user joined the group doesn't have it yet. Returns, having done nothing, when this
    process is not the `sandbox` command, has the group already, was restarted before, or belongs to a user who is not
    in the group.
    """
    if _RESTARTED in os.environ or Path(sys.argv[0]).name != "sandbox" or gid in os.getgroups():
        return
    try:
        group = grp.getgrgid(gid)
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return
    sg = shutil.which("sg")
    if sg is None or user not in group.gr_mem:
        return
    os.environ[_RESTARTED] = "1"
    sys.stderr.flush()
    os.execv(sg, ["sg", group.gr_name, "-c", shlex.join([sys.executable, *sys.argv])])  # noqa: S606
