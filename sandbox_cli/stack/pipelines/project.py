"""A user's project as a driver gets it: mounted, or copied where the driver could not read it so."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spark_etl.code.files import IGNORE_FILE, Survey, format_left_out, link_target, refuse_too_large, shown, survey
from spark_etl.printable import printable
from spark_etl.units import format_bytes, format_count

from sandbox_cli.settings import Settings
from sandbox_cli.stack import state

INSIDE = "/project"
CONFIG_INSIDE = "/feature_config"
MOST_COPIED = 256_000_000
Say = Callable[[str], None]


@contextmanager
def readable(settings: Settings, folder: Path, say: Say = lambda _: None) -> Iterator[Path]:
    """Gives the folder to mount: the project itself, or a copy where the driver could not read what a run needs.

    The driver runs as a user of its own, and sees nothing outside of the folder. So a copy that lives as long as the
    run is mounted where only the project's owner may read a file (a umask of 077), or where a link leads out. It has
    what belongs to the project (see `spark_etl.code.files`); links to something in the project stay links.

    Args:
        settings: Whose state folder takes the copy.
        folder: The project.
        say: Shows what is copied and why, and what the driver does without.

    Raises:
        spark_etl.errors.ConfigError: It is too large to be copied.
    """
    found = survey(folder, follow=False)
    reason = next(_reasons_to_copy(folder, found), None)
    if reason is None:
        for name in _closed_beside(folder, found):
            say(f"the driver can't read {name}: only its owner may")
        with _mountable(settings, folder) as mounted:
            yield mounted
        return
    refuse_too_large(found.files, folder, MOST_COPIED, f"to copy, as {reason}")
    parent = state.private_folder(settings.state_dir / "projects")
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as name:
        copy = Path(name) / "project"
        size = _copy(folder, found, copy)
        say(f"the driver gets a copy of {format_count(len(found.files), 'file')}, {format_bytes(size)}: {reason}")
        for line in format_left_out(found.left_out, folder):
            say(f"not copied: {line}")
        yield copy


@contextmanager
def readable_config(settings: Settings, config: Path) -> Iterator[Path]:
    """Gives a folder to mount that holds a copy of a feature config, and nothing else."""
    parent = state.private_folder(settings.state_dir / "projects")
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name) / "config"
        folder.mkdir()
        _copy_file(config, folder / config.name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def _mountable(settings: Settings, folder: Path) -> Iterator[Path]:
    """Gives the folder, or where its path has a `:`, which Docker's `--volume` takes for an end, a link to it."""
    if ":" not in str(folder):
        yield folder
        return
    parent = state.private_folder(settings.state_dir / "projects")
    with tempfile.TemporaryDirectory(dir=parent) as name:
        link = Path(name) / "project"
        link.symlink_to(folder)
        yield link


def _reasons_to_copy(folder: Path, found: Survey) -> Iterator[str]:
    for link in found.ways_out:
        yield f"the link {link_target(link, folder)} leads out of it"
    for link in found.links:
        if link.readlink().is_absolute():
            yield f"the link {link_target(link, folder)} has an absolute path"
    if sys.platform == "linux":  # elsewhere the engine reads as the user
        for path in dict.fromkeys([folder, *_parents(folder, found.files), *found.files]):
            if _is_closed(path):
                yield f"only its owner may read {shown(path, folder) if path != folder else printable(str(folder))}"


def _parents(folder: Path, files: Iterable[Path]) -> Iterator[Path]:
    for file in files:
        yield from (parent for parent in file.parents if parent.is_relative_to(folder))


def _closed_beside(folder: Path, found: Survey) -> list[str]:
    """Returns the files at the top of a project, such as `.env`, that a run does not need and a driver can't read."""
    if sys.platform != "linux":
        return []
    needed = {*found.files, *found.left_out}
    beside = (path for path in sorted(folder.iterdir()) if path not in needed and path.is_file())
    return [shown(path, folder) for path in beside if _is_closed(path)]


def _copy(folder: Path, found: Survey, copy: Path) -> int:
    """Copies what was found, and returns how many bytes that is; what can't be read after all is left out."""
    copy.mkdir()
    size = 0
    ignore_file = [folder / IGNORE_FILE] if (folder / IGNORE_FILE).is_file() else []  # the driver goes by it as well
    for file in dict.fromkeys([*ignore_file, *found.files]):
        target = copy / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _copy_file(file, target)
        except OSError as error:
            found.left_out[file] = f"can't be read: {error.strerror}"
        else:
            size += target.stat().st_size
    for link in found.links:
        target = copy / link.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        inside = copy / link.resolve().relative_to(folder.resolve())
        target.symlink_to(os.path.relpath(inside, target.parent))
    for path in [copy, *(path for path in copy.rglob("*") if path.is_dir() and not path.is_symlink())]:
        path.chmod(0o755)
    return size


def _copy_file(file: Path, target: Path) -> None:
    shutil.copyfile(file, target)
    target.chmod(stat.S_IMODE(file.stat().st_mode) & 0o555 | 0o444)


def _is_closed(path: Path) -> bool:
    """Returns whether others than its owner can't read a file, or what is in a folder."""
    wanted = 0o005 if path.is_dir() else 0o004
    return stat.S_IMODE(path.stat().st_mode) & wanted != wanted
