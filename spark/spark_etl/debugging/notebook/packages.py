"""The packages of a `--requirements` run: the folder that they are installed in, for this process and its executors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from spark_etl.debugging.origin import Origin
from spark_etl.errors import ArgumentError
from spark_etl.names import is_segment, listing
from spark_etl.runner.environment import PACKAGES_FOLDER

INSTALLED = Path("/opt/packages")  # a folder for each requirements file, in drivers, workers and users' servers
SUBMIT_ARGS = "PYSPARK_SUBMIT_ARGS"
EXECUTOR_PATH = "spark.executorEnv.PYTHONPATH"


def find_packages(origin: Origin, installed: Path = INSTALLED) -> Path | None:
    """Returns the folder of the packages that a run had besides the image's; None where it needs none.

    Args:
        origin: The run.
        installed: Where such folders lie.

    Raises:
        ArgumentError: They are not there.
    """
    wanted = sorted(origin.run.document.requirements or [])
    if not wanted:
        return None
    for folder in _folders(origin.run.document.packages, installed):
        if packages_in(folder) == wanted:
            return folder
    missing = [line for line in wanted if not _is_in_this_python(line)]
    if not missing:
        return None
    raise ArgumentError(
        f"run {origin.run.name} had packages that are not here: {listing(missing)}",
        hint=f"./sandbox replay {origin.name}, which installs them again; then run this cell once more",
    )


def packages_in(folder: Path) -> list[str]:
    """Returns `name==version` of each package that is installed in a folder, sorted, as a run records them."""
    return sorted(f"{found.metadata['Name']}=={found.version}" for found in metadata.distributions(path=[str(folder)]))


def use_packages(folder: Path) -> dict[str, str]:
    """Makes this process, and those that it starts, import the packages of a folder; as a driver of the stack does.

    Returns:
        The settings by which executors of a driver of one's own import them, too.
    """
    path = str(folder)
    if path not in sys.path:
        sys.path.insert(0, path)
    paths = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != path]
    os.environ["PYTHONPATH"] = os.pathsep.join([path, *paths])
    os.environ[PACKAGES_FOLDER] = path
    os.environ.setdefault(SUBMIT_ARGS, f"--conf {EXECUTOR_PATH}={path} pyspark-shell")
    return {EXECUTOR_PATH: path}


def _folders(name: str | None, installed: Path) -> Iterator[Path]:
    """Yields where the packages may be: in the folder that the run names, or in one that was made of the same lines."""
    if name and is_segment(name) and (installed / name).is_dir():
        yield installed / name
    if installed.is_dir():
        yield from sorted(folder for folder in installed.iterdir() if folder.is_dir())


def _is_in_this_python(requirement: str) -> bool:
    name, _, version = requirement.partition("==")
    try:
        return metadata.version(name) == version
    except metadata.PackageNotFoundError:
        return False
