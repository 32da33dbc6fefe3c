"""Modules of a project that hide others: of Python itself, of Spark, of what Spark and spark_etl import."""

from __future__ import annotations

import importlib.machinery
import os
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from spark_etl.errors import ConfigError
from spark_etl.printable import printable

# Of Python's own, what is gone in 3.13: the answer is the same for every Python.
REMOVED = frozenset(
    {"aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "imp", "lib2to3", "mailcap"}
    | {"msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "uu"}
    | {"xdrlib"}
)
# And what no library imports.
HARMLESS = REMOVED | {
    *("antigravity", "ensurepip", "idlelib", "sched", "this", "tkinter", "turtle", "turtledemo", "venv")
}
# Gone as well, but libraries look for it, and setuptools brings another.
STILL_PYTHONS = frozenset({"distutils"})
SPARK = frozenset({"pyspark", "py4j", "spark_etl"})
# What pyspark's client, driver and workers import, and spark_etl, with all that these need.
LIBRARIES = (
    *("numpy", "pandas", "pyarrow", "googleapis-common-protos", "grpcio", "grpcio-status", "protobuf", "zstandard"),
    *("duckdb", "minio", "pathspec", "pydantic", "pyyaml"),
)
# Their modules, also where they are not installed: executors have them.
MODULES = frozenset(
    {"numpy", "pandas", "pyarrow", "google", "grpc", "grpc_status", "zstandard", "duckdb", "minio", "pathspec"}
    | {"pydantic", "pydantic_core", "yaml"}
)


def refuse_shadowing(folder: Path) -> None:
    """Refuses modules at the top of a project that would be imported instead of those that others mean.

    A module of such a name inside of a package is none, and neither is a folder without an `__init__.py`: Python passes
    over it as long as there is another.

    Raises:
        ConfigError: There are some; each is named, with whose name it has.
    """
    found = [(path, owner) for path, name in _top_modules(folder) if (owner := _owner(name, folder))]
    if not found:
        return
    what = "; ".join(f"{printable(path.name, one_line=True)} has the name of {owner}" for path, owner in found)
    path = found[0][0]
    new = f"{folder.name}_{path.stem}"
    new = new if new.isidentifier() else f"my_{path.stem}"
    raise ConfigError(
        f"the project {printable(str(folder))} hides modules that Python, Spark and its workers import: {what}",
        hint=f"rename it, such as to {new}{'' if path.is_dir() else path.suffix}, or move it into a package",
    )


def owner_of(name: str) -> str | None:
    """Returns whose a top-level module of this name is, if others import it: `Python's own module random`."""
    if name in SPARK:
        return f"{name}, which every run needs"
    if name in HARMLESS:
        return None
    if name in sys.stdlib_module_names or name in STILL_PYTHONS:
        return f"Python's own module {name}"
    return f"the library {name}, which Spark or spark_etl needs" if name in MODULES else None


def _owner(name: str, folder: Path) -> str | None:
    if owner := owner_of(name):
        return owner
    found = _installed(name, folder)
    return f"the library {name}, which Spark or spark_etl needs" if found and name in _needed_modules() else None


def _top_modules(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yields what `import name` finds in the folder, before anything else."""
    suffixes = sorted(importlib.machinery.all_suffixes(), key=len, reverse=True)
    for path in sorted(folder.iterdir()):
        # os.path: what may not be looked at is no error, and no module either.
        if os.path.isdir(path):  # noqa: PTH112
            if any(os.path.isfile(path / f"__init__{suffix}") for suffix in suffixes):  # noqa: PTH113
                yield path, path.name
        elif os.path.isfile(path):  # noqa: PTH113
            suffix = next((suffix for suffix in suffixes if path.name.endswith(suffix)), None)
            if suffix:
                yield path, path.name.removesuffix(suffix)


def _installed(name: str, folder: Path) -> bool:
    """Returns whether there is a module of this name elsewhere."""
    elsewhere = [entry for entry in sys.path if entry and Path(entry).resolve() != folder.resolve()]
    try:
        found = importlib.machinery.PathFinder.find_spec(name, elsewhere)
    except (ImportError, ValueError, OSError):
        return False
    return found is not None and not (found.origin and Path(found.origin).resolve().is_relative_to(folder.resolve()))


def _needed_modules() -> set[str]:
    """Returns the top-level modules of all installed distributions that Spark and spark_etl need."""
    needed, waiting = set[str](), list(LIBRARIES)
    while waiting:
        name = _canonical(waiting.pop())
        if name not in needed:
            needed.add(name)
            waiting += _requirements(name)
    return {
        module
        for module, names in metadata.packages_distributions().items()
        if any(_canonical(name) in needed for name in names)
    }


def _requirements(name: str) -> Iterator[str]:
    try:
        requirements = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for text in requirements:
        if "extra ==" not in text:
            yield re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
