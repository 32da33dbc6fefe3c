"""The folder of a debug notebook: the run's kept code as real files, which are looked at, edited and imported."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from spark_etl.code.project import Project
from spark_etl.debugging.notebook.patch import files_in, original_files
from spark_etl.errors import ArgumentError
from spark_etl.printable import printable
from spark_etl.reading.code import RunCode

RESTART = "restart the kernel (Kernel > Restart Kernel), and run the cells from the first one"


def unpack_once(code: RunCode, folder: Path) -> bool:
    """Unpacks a run's code into a folder, unless files are there: those may have been edited.

    Returns:
        Whether it was unpacked.

    Raises:
        ArgumentError: The folder can't be written.
        spark_etl.errors.DamagedError: The kept code is none that could be unpacked.
    """
    if folder.is_dir() and any(folder.iterdir()):
        return False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".", ignore_cleanup_errors=True) as name:
            made = Path(name) / "code"
            code.unpack(made)
            made.rename(folder)  # whole, or not at all; over an empty folder, never over files
    except OSError as error:
        if folder.is_dir() and any(folder.iterdir()):
            return False  # somebody else was quicker
        raise ArgumentError(
            f"the run's code can't be written to {printable(str(folder))}: {error.strerror}",
            hint="make room there (df -h ~), or move away what is in the way",
        ) from error
    return True


def import_from(project: Project) -> None:
    """Makes a project's modules those that this process imports.

    Raises:
        ArgumentError: One of the same name was imported already from elsewhere.
        ConfigError: Others would import a module of it instead of the one that they mean.
    """
    others = {name: file for name in project.modules() if (file := _file_elsewhere(name, project.path))}
    if others:
        name, file = next(iter(others.items()))
        more = f", and {len(others) - 1} more" if len(others) > 1 else ""
        raise ArgumentError(
            f"this kernel has imported the module {name} from {file}{more}, and not from {project.path}: "
            "a kernel serves one debug notebook",
            hint=RESTART,
        )
    project.activate()


def _file_elsewhere(name: str, folder: Path) -> str | None:
    file = getattr(sys.modules.get(name), "__file__", None)
    return file if file and not Path(file).resolve().is_relative_to(folder) else None


def is_edited(folder: Path, code: RunCode) -> bool:
    """Returns whether the files of a folder are others than those that a run has kept."""
    kept = original_files(code)
    return files_in(folder, kept) != kept
