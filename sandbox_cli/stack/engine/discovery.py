"""Where a Docker engine may listen, and which one answers.

Order: `DOCKER_HOST` (then nothing else: it was set on purpose), the current Docker context, the sockets that the
usual engines make (system, rootless, Docker Desktop, colima).
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException
from docker.tls import TLSConfig

from sandbox_cli.errors import EngineError

PAGE = "docs/engine.md"
SYSTEM_SOCKET = "/var/run/docker.sock"
PROBE_SECONDS = 10
DENIED = "permission denied"
CALL_SECONDS = 120


@dataclass(frozen=True)
class Candidate:
    """A place to look for an engine.

    Attributes:
        origin: Why we look there.
        host: A Docker address, e.g. `unix:///var/run/docker.sock`.
        chosen: The user has chosen this one, so none is installed in its place.
    """

    origin: str
    host: str
    chosen: bool = False


@dataclass(frozen=True)
class Attempt:
    """A candidate that did not answer, and why not."""

    candidate: Candidate
    reason: str

    @property
    def denied(self) -> bool:
        """Whether an engine listens there which this user may not talk to."""
        return self.reason == DENIED

    def __str__(self) -> str:
        return f"{self.candidate.host} ({self.candidate.origin}): {self.reason}"


def candidates(environ: Mapping[str, str] | None = None) -> list[Candidate]:
    """Returns the places to look at, the likeliest first, each address once."""
    environ = os.environ if environ is None else environ
    if host := environ.get("DOCKER_HOST"):
        return [Candidate("DOCKER_HOST", host, chosen=True)]
    context = _context()
    found = [context] if context else []
    found += [Candidate("well-known socket", f"unix://{path}") for path in _well_known(environ) if path.exists()]
    if not found:
        found = [Candidate("well-known socket", f"unix://{SYSTEM_SOCKET}")]
    return list({candidate.host: candidate for candidate in reversed(found)}.values())[::-1]


def _well_known(environ: Mapping[str, str]) -> list[Path]:
    home = Path(environ.get("HOME") or Path.home())
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    return [
        Path(SYSTEM_SOCKET),
        runtime / "docker.sock",
        home / ".docker/run/docker.sock",
        home / ".docker/desktop/docker.sock",
        home / ".colima/default/docker.sock",
        home / ".config/colima/default/docker.sock",
    ]


def _context() -> Candidate | None:
    """Asks the docker CLI for its current context; None without a CLI or without a context."""
    command = ["docker", "context", "inspect", "--format", "{{.Name}}|{{.Endpoints.docker.Host}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    name, _, host = done.stdout.strip().partition("|")
    return Candidate(f"Docker context {name}", host, chosen=name != "default") if host else None


def find(places: Iterable[Candidate]) -> tuple[tuple[Candidate, docker.DockerClient] | None, list[Attempt]]:
    """Returns the first place where an engine answers, with a client for it, and the places that did not answer."""
    failed: list[Attempt] = []
    for candidate in places:
        try:
            return (candidate, open_client(candidate.host)), failed
        except (DockerException, OSError, ValueError) as error:
            failed.append(Attempt(candidate, _reason(error)))
    return None, failed


def open_client(host: str) -> docker.DockerClient:
    """Connects to the engine at `host`; raises OSError or DockerException when it doesn't answer."""
    if host.startswith("unix://"):
        _connect_once(host.removeprefix("unix://"))
    client = docker.DockerClient(
        base_url=host, timeout=PROBE_SECONDS, tls=_tls(host), use_ssh_client=host.startswith("ssh://")
    )
    client.ping()
    client.api.timeout = CALL_SECONDS
    return client


def _connect_once(path: str) -> None:
    """Connects once by hand: its errors are clean, those of an HTTP client are wrapped five times."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PROBE_SECONDS)
        connection.connect(path)


def _tls(host: str) -> TLSConfig | bool:
    """TLS as the docker CLI reads it from the environment; only an address on the network has any."""
    if not (host.startswith("tcp://") and os.environ.get("DOCKER_TLS_VERIFY")):
        return False
    folder = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
    return TLSConfig(client_cert=pair, verify=True, ca_cert=str(folder / "ca.pem"))


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such socket"
    if isinstance(error, PermissionError):
        return DENIED
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    return str(error).splitlines()[0][:160] or type(error).__name__


def no_engine(
    tried: Sequence[Attempt], *, because: str = "", hint: str = f"start Docker, or see {PAGE}"
) -> EngineError:
    """Returns the error that names every place that was tried, and why nothing was installed."""
    attempts = f"Tried: {'; '.join(str(attempt) for attempt in tried)}." if tried else ""
    denied = next((attempt for attempt in tried if attempt.denied), None)
    if denied is not None:
        return EngineError(
            f"A Docker engine listens at {denied.candidate.host}, but you may not use it. {attempts}",
            hint=f"sudo usermod -aG docker $USER\nThen log in again. What that allows: {PAGE}",
        )
    return EngineError(f"No usable Docker engine{because}. {attempts}".strip(), hint=hint)
