"""A project to begin with: the files of `sandbox_cli/template`, under the name of the user's own package."""

from __future__ import annotations

import importlib.machinery
import keyword
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_etl.code.shadowing import owner_of

from sandbox_cli.errors import UsageError
from sandbox_cli.program import ROOT
from sandbox_cli.stack import state

TEMPLATE = ROOT / "sandbox_cli" / "template"
PLACEHOLDER = "new_project"
# A file of that name in the template would hide files of the template from git.
RENAMED = {"gitignore": ".gitignore"}
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
SNAPSHOT, DAY = "orders_v1", "2024-02-29"


@dataclass(frozen=True)
class NewProject:
    """A project that was made.

    Attributes:
        name: Of its package and its pipeline.
        folder: Where it is, as it was asked for.
        files: What is in it, relative to it.
    """

    name: str
    folder: Path
    files: tuple[str, ...]

    def next_commands(self) -> list[str]:
        """Returns what one types to see it run."""
        folder, data = (shlex.quote(str(path)) for path in (self.folder, self.folder / "data" / "orders.csv"))
        snapshot = f"--as-snapshot {SNAPSHOT} --date {DAY}"
        features = "--checkpoint orders, revenue_by_customer"
        return [
            f"sandbox data put {data} s3://published/{self.name} {snapshot}",
            f"sandbox plan {folder} {features}",
            f"sandbox run {folder} --start-date {DAY} --end-date {DAY} {features}",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON knows it."""
        return {
            "name": self.name,
            "path": str(self.folder.resolve()),
            "files": list(self.files),
            "next": self.next_commands(),
        }


def make_project(name: str, into: Path) -> NewProject:
    """Makes a project that runs as it is: all of it, or nothing.

    Args:
        name: Of its folder, its package and its pipeline.
        into: The folder in which its own folder is made.

    Raises:
        UsageError: The name can't be a package's, or something of that name is there.
    """
    _check_name(name, into)
    if not into.is_dir():
        raise UsageError(f"--into {into}: no such folder.")
    folder = into / name
    if os.path.lexists(folder):
        raise UsageError(f"{folder} is there already.", hint="choose another name, or another folder by --into DIR")
    try:
        with tempfile.TemporaryDirectory(dir=into, prefix=f".{name}-") as made:
            project = Path(made) / name
            files = tuple(_write(name, project))
            project.rename(folder)
    except OSError as error:
        raise state.unusable(folder, error) from None
    return NewProject(name, folder, files)


def _check_name(name: str, into: Path) -> None:
    if not _is_package_name(name):
        raise UsageError(
            f"`{name}` can't be a project's name: it is that of a Python package, so 2 to 40 lower-case letters, "
            "digits and `_`, a letter first, and no keyword of Python.",
            hint=_suggested(name, into),
        )
    if owner := owner_of(name) or _installed(name):
        raise UsageError(f"`{name}` is the name of {owner}.", hint=_command(f"my_{name}", into))
    if name in {path.name for path in TEMPLATE.iterdir()}:
        raise UsageError(
            f"`{name}` is the name of a folder that every new project has beside its package.",
            hint=_command(f"my_{name}", into),
        )


def _is_package_name(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and not keyword.iskeyword(name) and not keyword.issoftkeyword(name)


def _suggested(name: str, into: Path) -> str | None:
    """Returns the command with a name that is like this one and can be a package's; None if there is none."""
    like = re.sub(r"\W+|_+", "_", name.lower(), flags=re.ASCII).strip("_")
    usable = next((each for each in (like, f"my_{like}") if like and _is_package_name(each)), None)
    return _command(usable, into) if usable else None


def _command(name: str, into: Path) -> str:
    """Returns the command that makes a project of that name in the same folder."""
    return f"sandbox new {name}" + (f" --into {shlex.quote(str(into))}" if into != Path() else "")


def _installed(name: str) -> str | None:
    """Returns what else is imported by that name here; the folder one is in does not count."""
    here = Path.cwd()
    elsewhere = [entry for entry in sys.path if entry and Path(entry).resolve() != here]
    found = importlib.machinery.PathFinder.find_spec(name, elsewhere)
    is_module = found is not None and found.origin is not None  # a folder without an __init__.py is none
    return f"the library {name}, which is installed here" if is_module else None


def _write(name: str, project: Path) -> Iterator[str]:
    """Copies the template, and yields each file's path."""
    for source in sorted(_template_files()):
        parts = [RENAMED.get(part, part).replace(PLACEHOLDER, name) for part in source.relative_to(TEMPLATE).parts]
        target = project.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8").replace(PLACEHOLDER, name), encoding="utf-8")
        yield target.relative_to(project).as_posix()


def _template_files() -> Iterator[Path]:
    """Yields the files of the template, without what tools leave there."""
    for path in TEMPLATE.rglob("*"):
        parts = path.relative_to(TEMPLATE).parts
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            yield path
