"""The folder that a project's modules are imported from: `src/`, where a project is laid out so."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

USUAL = ("src", "lib", "python")
MOST_ABOVE = 3
PACKAGED = ("pyproject.toml", "setup.cfg", "setup.py")


def find_root(folder: Path, modules: Iterable[str]) -> Path:
    """Returns the folder below a config's folder that the modules are imported from; that folder itself as a rule.

    Another one is found where all of these hold:

    1. a pyproject.toml, setup.cfg or setup.py lies in the config's folder;
    2. none of the modules is in the config's folder;
    3. all of them are in one folder that pyproject.toml names, or that is called as usual, and in no other.
    """
    names = list(modules)
    if not names or not any((folder / name).is_file() for name in PACKAGED) or any(map(_finder(folder), names)):
        return folder
    fitting = [root for root in other_roots(folder) if all(map(_finder(root), names))]
    return fitting[0] if len(fitting) == 1 else folder


def other_roots(folder: Path) -> list[Path]:
    """Returns the folders in a project from which its modules may have to be imported."""
    named = [*_named_by_pyproject(folder / "pyproject.toml"), *USUAL]
    found = dict.fromkeys(folder / name for name in named if name not in {"", "."} and ".." not in Path(name).parts)
    return [root for root in found if root.is_dir() and not (root / "__init__.py").exists()]


def possible_roots(folder: Path) -> list[Path]:
    """Returns the folders in and above a project from which its modules may have to be imported, likely ones first."""
    above = [parent for parent in folder.parents[:MOST_ABOVE] if len(parent.parts) > 1]
    return [*other_roots(folder), *above, *(root for parent in above for root in other_roots(parent))]


def package_root(file: Path) -> Path:
    """Returns the folder that the package of a module lies in."""
    return next(parent for parent in file.parents if not (parent / "__init__.py").exists())


def module_file(root: Path, module: str) -> Path | None:
    """Returns the file of a module below a folder that modules are imported from."""
    place = root.joinpath(*module.split("."))
    return next((file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()), None)


def _finder(root: Path) -> Any:
    return lambda module: module_file(root, module)


def _named_by_pyproject(file: Path) -> Iterator[str]:
    """Yields the folders that setuptools, poetry and hatch are told."""
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
        setuptools, poetry = tool.get("setuptools", {}), tool.get("poetry", {})
        yield from map(str, setuptools.get("package-dir", {}).values())
        yield from map(str, setuptools.get("packages", {}).get("find", {}).get("where", []))
        yield from (str(package["from"]) for package in poetry.get("packages", []) if "from" in package)
        wheel = tool.get("hatch", {}).get("build", {}).get("targets", {}).get("wheel", {})
        yield from (str(Path(package).parent) for package in wheel.get("packages", []))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return
