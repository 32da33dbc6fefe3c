"""A run's own packages: installed once for each requirements file, into a volume that driver and workers mount."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import Any

from docker.errors import NotFound
from spark_etl.printable import printable

from sandbox_cli.console import Stage
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import services, state
from sandbox_cli.stack.engine.archive import archive
from sandbox_cli.stack.images import certificates
from sandbox_cli.stack.pipelines.inside import install_packages
from sandbox_cli.stack.pipelines.inside.install_packages import PREFIX, REFUSED
from sandbox_cli.stack.pipelines.requirements import Requirements, collect
from sandbox_cli.stack.session import Session

FILE = "packages.json"
INSIDE = "/opt/packages"
TAIL_LINES = 15
USER, GROUP = 10001, 100
PIDS = 256
MEMORY = "2g"
LIMITS: dict[str, Any] = {
    "user": f"{USER}:{GROUP}",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "read_only": True,
    "tmpfs": {"/tmp": "size=64m"},  # noqa: S108 - inside the container; pip works in the volume
    "mem_limit": MEMORY,
    "memswap_limit": MEMORY,
    "pids_limit": PIDS,
}
SCRIPT = "install_packages.py"
CERTIFICATES = "ca.pem"


def key_of(session: Session, requirements: Path) -> str:
    """Returns the folder's name: image, script and everything that the requirements name decide what is installed."""
    digest = hashlib.sha256(session.compose.variables["SANDBOX_IMAGE_SPARK"].encode())
    for name, content in sorted({**collect(requirements).files, SCRIPT: _script()}.items()):
        digest.update(f"\0{name}\0{hashlib.sha256(content).hexdigest()}".encode())
    return digest.hexdigest()[:16]


def is_installed(session: Session, key: str) -> bool:
    """Returns whether the packages are in the volume, and it is still the same volume."""
    volume = _installed(session).get(key)
    return volume is not None and bool(volume == _volume_created(session))


def _installed(session: Session) -> dict[str, Any]:
    """Returns what was installed: key → which volume it was then."""
    return state.read(
        session.settings.state_dir / FILE, state.texts(), anew="makes the next run install its packages again"
    )


def install(session: Session, stage: Stage, requirements: Path, key: str) -> None:
    """Installs the packages of a requirements file, with pip in the Spark image.

    Its container has no other's network: packages run code of theirs when they are built.

    Raises:
        UsageError: pip failed, with the end of its output; or a package would replace what is the image's.
    """
    wanted, labels = collect(requirements), {services.PROJECT: session.settings.stack}
    client = session.engine.client
    client.volumes.create(volume_name(session), labels=labels)
    network = client.networks.create(f"{session.settings.stack}_packages-{uuid.uuid4().hex[:8]}", labels=labels)
    try:
        code, output = _run(session, stage, wanted, key, str(network.name))
    finally:
        network.remove()
    if code:
        raise _failure(requirements, code, output)
    state.write(session.settings.state_dir / FILE, {**_installed(session), key: _volume_created(session)})


def _run(session: Session, stage: Stage, wanted: Requirements, key: str, network: str) -> tuple[int, list[str]]:
    """Returns the exit code of the container that installs, and what it printed."""
    bundle, work = certificates.bundle(), f"{INSIDE}/{key}.in"
    environment = {**certificates.proxies(), **wanted.variables, "HOME": work, "TMPDIR": work}
    if bundle:
        environment["PIP_CERT"] = f"{work}/{CERTIFICATES}"
    container = session.engine.client.containers.create(
        session.compose.variables["SANDBOX_IMAGE_SPARK"],
        [f"{work}/{SCRIPT}", INSIDE, key],
        entrypoint="python",
        environment=environment,
        volumes=[f"{volume_name(session)}:{INSIDE}"],
        network=network,
        labels={services.STACK: session.settings.stack},
        **LIMITS,
    )
    files = {**wanted.files, CERTIFICATES: bundle.encode(), SCRIPT: _script()}
    inside = {f"{key}.in/{name}": content for name, content in files.items()}
    try:
        container.put_archive(INSIDE, archive(inside, mode=0o644, uid=USER, gid=GROUP, folders=True))
        container.start()
        output = [_show(stage, line, work) for line in container.logs(stream=True, follow=True)]
        return int(container.wait()["StatusCode"]), output
    finally:
        container.remove(force=True)


def _failure(requirements: Path, code: int, output: list[str]) -> UsageError:
    refused = [line.removeprefix(PREFIX) for line in output if line.startswith(PREFIX)]
    if code == REFUSED and refused:
        hint = f"take a version of it that fits, or leave it out of {requirements}"
        return UsageError(f"The packages of {requirements} can't be installed: {refused[0]}", hint=hint)
    tail = "\n".join(output[-TAIL_LINES:])
    return UsageError(f"The packages of {requirements} could not be installed:\n{tail}", hint=f"correct {requirements}")


def _script() -> bytes:
    return Path(install_packages.__file__).read_bytes()


def volume_name(session: Session) -> str:
    """Returns the name of the volume that they lie in."""
    return f"{session.settings.stack}_packages"


def _volume_created(session: Session) -> str | None:
    try:
        return str(session.engine.client.volumes.get(volume_name(session)).attrs["CreatedAt"])
    except NotFound:
        return None


def _show(stage: Stage, line: bytes, work: str) -> str:
    """Shows what pip is doing, and returns the line, without the folder that only the container has."""
    text = printable(line.decode(errors="replace").rstrip().replace(f"{work}/", ""))
    if text.startswith("note: "):
        stage.line(text.removeprefix("note: "))
    elif text.startswith(("Collecting", "Downloading", "Installing", "Building")):
        stage.update(text[:100])
    return text
