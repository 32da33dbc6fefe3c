"""A run's own packages: installed once for each requirements file, into a volume that driver and workers mount."""

from __future__ import annotations

import hashlib
from pathlib import Path

from docker.errors import NotFound

from sandbox_cli.console import Stage
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import state
from sandbox_cli.stack.engine.archive import archive
from sandbox_cli.stack.images import certificates
from sandbox_cli.stack.session import Session

FILE = "packages.json"
INSIDE = "/opt/packages"
TAIL_LINES = 15
SCRIPT = (
    'set -eu; cd {inside}; rm -rf "{key}.part" "{key}"; '
    "python -m pip install --no-cache-dir --no-input --progress-bar off "
    '--target "{key}.part" -r /tmp/requirements.txt; '
    'mv "{key}.part" "{key}"'
)


def key_of(session: Session, requirements: Path) -> str:
    """Returns the folder's name: requirements and image decide what is installed."""
    image = session.compose.variables["SANDBOX_IMAGE_SPARK"]
    return hashlib.sha256(image.encode() + b"\0" + requirements.read_bytes()).hexdigest()[:16]


def is_installed(session: Session, key: str) -> bool:
    """Returns whether the packages are in the volume, and it is still the same volume."""
    return bool(state.read(session.settings.state_dir / FILE).get(key) == _volume_created(session))


def install(session: Session, stage: Stage, requirements: Path, key: str) -> None:
    """Installs the packages of a requirements file, with pip in the Spark image.

    Raises:
        UsageError: pip failed; with the end of its output.
    """
    session.engine.client.volumes.create(
        _volume(session), labels={"com.docker.compose.project": session.settings.stack}
    )
    bundle = certificates.bundle()
    environment = certificates.proxies()
    if bundle:
        environment["PIP_CERT"] = "/tmp/ca.pem"  # noqa: S108 - inside the container
    container = session.engine.client.containers.create(
        session.compose.variables["SANDBOX_IMAGE_SPARK"],
        ["-c", SCRIPT.format(inside=INSIDE, key=key)],
        entrypoint="/bin/sh",
        environment={**environment, "HOME": "/tmp"},  # noqa: S108
        volumes=[f"{_volume(session)}:{INSIDE}"],
        network=f"{session.settings.stack}_edge",
        labels={"sandbox.stack": session.settings.stack},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        mem_limit="2g",
    )
    files = {"requirements.txt": requirements.read_bytes(), "ca.pem": bundle.encode()}
    try:
        container.put_archive("/tmp", archive(files))  # noqa: S108
        container.start()
        output = [_show(stage, line) for line in container.logs(stream=True, follow=True)]
        code = container.wait()["StatusCode"]
    finally:
        container.remove(force=True)
    if code:
        tail = "\n".join(output[-TAIL_LINES:])
        raise UsageError(
            f"The packages of {requirements} could not be installed:\n{tail}", hint=f"correct {requirements}"
        )
    installed = state.read(session.settings.state_dir / FILE)
    state.write(session.settings.state_dir / FILE, {**installed, key: _volume_created(session)})


def _volume(session: Session) -> str:
    return f"{session.settings.stack}_packages"


def _volume_created(session: Session) -> str | None:
    try:
        return str(session.engine.client.volumes.get(_volume(session)).attrs["CreatedAt"])
    except NotFound:
        return None


def _show(stage: Stage, line: bytes) -> str:
    """Shows what pip is doing, and returns the line."""
    text = line.decode(errors="replace").rstrip()
    if text.startswith(("Collecting", "Downloading", "Installing", "Building")):
        stage.update(text[:100])
    return text
