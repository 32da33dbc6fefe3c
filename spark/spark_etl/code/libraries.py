"""Versions of the libraries that code imports, by the names it imports them under."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SPARK_PACKAGES = {"pyspark", "py4j"}  # where they come with Spark and not from pip, the jars' version is known

NOT_INSTALLED = (
    "the driver does not have it: install it (./sandbox run --requirements FILE does so for executors, too), or put it "
    "into the project"
)


class Libraries:
    """The installed libraries; each is looked up once.

    Args:
        is_own: Whether a top-level module is the project's, which is no library.
    """

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self._is_own = is_own
        self._found: dict[str, dict[str, str]] = {}

    def versions(self, modules: Iterable[str]) -> dict[str, str]:
        """Returns distribution → version for top-level modules; Python's own, and what is not here, are left out.

        A module that belongs to no distribution, as one of `--py-files`, has a hash of its source.
        """
        found: dict[str, str] = {}
        for module in sorted(set(modules) - sys.stdlib_module_names):
            if module not in self._found:
                self._found[module] = {} if self._is_own(module) else _versions_of(module)
            found |= self._found[module]
        return found


def _versions_of(module: str) -> dict[str, str]:
    found = {name: metadata.version(name) for name in _distributions(module)}
    source = None if found or module in SPARK_PACKAGES else _source(module)
    return {module: f"source {source}"} if source else found


def _distributions(module: str) -> list[str]:
    try:
        metadata.version(module)
    except metadata.PackageNotFoundError:
        return sorted(set(_by_module().get(module, [])))
    return [module]


@cache
def _by_module() -> dict[str, list[str]]:
    """Returns module → distributions, of everything that is installed: slow, for modules named otherwise only."""
    return dict(metadata.packages_distributions())


def _source(module: str) -> str | None:
    try:
        files = list(_files_of(find_spec(module)))
        digest = hashlib.sha256()
        for name, file in files:
            with file.open("rb") as content:
                digest.update(f"{name}\0{hashlib.file_digest(content, 'sha256').hexdigest()}\0".encode())
    except (ImportError, ValueError, OSError):
        return None
    return digest.hexdigest()[:16] if files else None


def _files_of(spec: Any) -> Iterator[tuple[str, Path]]:
    """Yields the files of a module, with names relative to it; of a zip the whole."""
    archive = getattr(spec and spec.loader, "archive", None)
    if archive:
        yield "", Path(archive)
    elif spec and spec.submodule_search_locations:
        for folder in map(Path, spec.submodule_search_locations):
            yield from ((file.relative_to(folder).as_posix(), file) for file in sorted(folder.rglob("*.py")))
    elif spec and spec.has_location and spec.origin:
        yield "", Path(spec.origin)
