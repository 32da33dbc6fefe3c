"""Versions of the libraries that code imports, by the names it imports them under."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata


def versions(modules: Iterable[str]) -> dict[str, str]:
    """Returns distribution → version for top-level modules; Python's own, and what nobody installed, are left out."""
    found: dict[str, str] = {}
    for module in sorted(set(modules) - sys.stdlib_module_names):
        for name in _distributions(module):
            found[name] = metadata.version(name)
    return found


@cache
def _distributions(module: str) -> list[str]:
    try:
        metadata.version(module)
    except metadata.PackageNotFoundError:
        return sorted(set(_by_module().get(module, [])))
    return [module]


@cache
def _by_module() -> dict[str, list[str]]:
    """Of everything that is installed; asked only for modules whose name is not their distribution's."""
    return dict(metadata.packages_distributions())
