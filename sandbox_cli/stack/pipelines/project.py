"""A user's project as a driver gets it: mounted, and readable by the driver's user."""

from __future__ import annotations

import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spark_etl.code.project import TOOL_FOLDERS

from sandbox_cli.settings import Settings
from sandbox_cli.stack import state

INSIDE = "/project"
EXCLUDED = (*TOOL_FOLDERS, ".venv", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache")


@contextmanager
def readable(settings: Settings, folder: Path) -> Iterator[Path]:
    """Gives the folder to mount: the project itself, or a copy where the driver's user couldn't read it.

    The driver runs as a user of its own. Where only the project's owner may read it (a home folder with mode 0700, a
    umask of 077), a copy that lives as long as the run is mounted instead.
    """
    if sys.platform != "linux" or not any(_is_unreadable(path) for path in _walk(folder)):
        yield folder
        return
    parent = state.private_folder(settings.state_dir / "projects")
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as name:
        copy = Path(name) / "project"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*EXCLUDED), ignore_dangling_symlinks=True)
        for path in [copy, *copy.rglob("*")]:
            if not path.is_symlink():
                path.chmod(stat.S_IMODE(path.stat().st_mode) | (0o555 if path.is_dir() else 0o444))
        yield copy


def _walk(folder: Path) -> Iterator[Path]:
    yield folder
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name in EXCLUDED or path.is_symlink():
            continue
        yield from _walk(path) if path.is_dir() else [path]


def _is_unreadable(path: Path) -> bool:
    wanted = 0o005 if path.is_dir() else 0o004
    return stat.S_IMODE(path.stat().st_mode) & wanted != wanted
