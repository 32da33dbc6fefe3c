"""The packages of a run in a place: their folder alone, copied into a volume of the place.

All packages of a stack lie in one volume. Code of an imported run would read those of other projects in it, and what a
private index has given.
"""

from __future__ import annotations

import re

from sandbox_cli.errors import StackError
from sandbox_cli.stack.pipelines import packages
from sandbox_cli.stack.private.limits import limits
from sandbox_cli.stack.private.place import Place
from sandbox_cli.stack.session import Session

ALL = "/all-packages"
FOLDER = re.compile(rf"{packages.INSIDE}/([0-9a-f]{{16}})")  # as drivers know it


def copy_packages(session: Session, place: Place, key: str) -> str:
    """Copies the folder of some packages into a volume of the place; returns how a driver mounts that, to be read.

    The container that copies executes nothing of them, and has no network.

    Args:
        session: The stack.
        place: The place.
        key: The folder's name.

    Raises:
        StackError: They can't be copied, as when the disk is full.
    """
    client = session.engine.client
    client.volumes.create(place.packages, labels=place.labels)
    container = client.containers.create(
        session.compose.variables["SANDBOX_IMAGE_SPARK"],
        ["-a", f"{ALL}/{key}", packages.INSIDE],  # -a: Python compares its bytecode with the files' times
        entrypoint="cp",
        name=place.copier,
        volumes=[f"{packages.volume_name(session)}:{ALL}:ro", f"{place.packages}:{packages.INSIDE}"],
        network_mode="none",
        labels=place.labels,
        **limits(packages.USER, memory="256m", pids=16),
    )
    container.start()
    if container.wait()["StatusCode"]:
        said = container.logs(tail=5).decode(errors="replace").strip()
        raise StackError(f"The packages of this replay could not be copied: {said}", hint="sandbox status --disk")
    container.remove(force=True)
    return f"{place.packages}:{packages.INSIDE}:ro"
