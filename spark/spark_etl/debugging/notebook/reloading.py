"""The project's modules that this process has imported: loaded again when their files were saved."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from spark_etl.code.project import Project
from spark_etl.error_text import error_line
from spark_etl.user_code import guard_user_code, location_in

OLD_FRAMES = "frames that are there keep the old code: run the cells that make them again"


@dataclass(frozen=True)
class Reloaded:
    """What was loaded again.

    Attributes:
        changed: Modules whose files were saved.
        others: Modules that import one of them, and were loaded again for that.
        failure: Why no more could be loaded; empty where all could.
    """

    changed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    failure: str = ""

    def __bool__(self) -> bool:
        return bool(self.changed or self.others)

    @property
    def modules(self) -> tuple[str, ...]:
        """All that were loaded again."""
        return (*self.changed, *self.others)

    def __str__(self) -> str:
        others = f", and with it {', '.join(self.others)}" if self.others else ""
        lines = [f"loaded again, as saved: {', '.join(self.changed)}{others}", OLD_FRAMES] if self else []
        return "\n".join([*lines, *([self.failure] if self.failure else [])])


class ProjectModules:
    """The modules of a project, as they were when this process imported them.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._loaded = {name: _digest(file) for name, file in self._imported().items()}

    def reload_changed(self) -> Reloaded:
        """Loads the modules again whose files have changed, and those that import them, in the order of their imports.

        A module that fails stays what it was, and so does what comes after it; the next call tries again.
        """
        files = self._imported()
        now = {name: _digest(file) for name, file in files.items()}
        self._loaded = {**{name: content for name, content in now.items() if content}, **self._loaded}
        changed = {name for name in files if now[name] and now[name] != self._loaded[name]}
        if not changed:
            return Reloaded()
        done: list[str] = []
        failure = ""
        for name in _with_dependents(changed, _imports(files)):
            try:
                with guard_user_code():
                    _load_again(sys.modules[name], files[name])
            except Exception as error:  # noqa: BLE001 - whatever the user's module does when it is imported
                failure = f"{name} can't be loaded again, and stays as it was: {error_line(error)}"
                failure += _place(error, self._project.path)
                break
            self._loaded[name] = now[name]
            done.append(name)
        is_changed = [name for name in done if name in changed]
        return Reloaded(tuple(is_changed), tuple(name for name in done if name not in changed), failure)

    def _imported(self) -> dict[str, Path]:
        """Returns name → file of the project's modules that were imported; it is called before each cell."""
        folder = f"{self._project.path}{os.sep}"
        files = ((name, getattr(module, "__file__", None)) for name, module in [*sys.modules.items()])
        return {name: Path(file) for name, file in files if file and file.startswith(folder) and file.endswith(".py")}


def _digest(file: Path) -> str:
    """Returns a hash of a file; empty for one that is not there."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _load_again(module: ModuleType, file: Path) -> None:
    """Executes a module's file in the module that is there: whoever has imported the module sees what is new.

    What the file does not define any more is gone. Where it fails, all is as it was.
    """
    with suppress(OSError, NotImplementedError):  # by time and size, it may be taken for the new file's
        Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
    before = dict(vars(module))
    for name, value in before.items():
        is_part = isinstance(value, ModuleType) and value.__name__ == f"{module.__name__}.{name}"
        if not is_part and not (name.startswith("__") and name.endswith("__")):
            del vars(module)[name]
    try:
        importlib.reload(module)
    except BaseException:
        vars(module).clear()
        vars(module).update(before)
        raise


def _with_dependents(changed: set[str], imports: Mapping[str, set[str]]) -> Iterator[str]:
    """Yields the changed modules and all that import them, directly or not; what is imported comes first."""
    wanted = set(changed)
    while more := {name for name, used in imports.items() if name not in wanted and used & wanted}:
        wanted |= more
    yielded: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in yielded:
            return
        yielded.add(name)
        for used in sorted(imports.get(name, set()) & wanted):
            yield from visit(used)
        yield name

    for name in sorted(wanted):
        yield from visit(name)


def _imports(files: Mapping[str, Path]) -> dict[str, set[str]]:
    """Returns name → the imported modules of the project that a module names in its imports."""
    return {name: set(_imported_by(name, file)) & files.keys() for name, file in files.items()}


def _imported_by(name: str, file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from _and_parents(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield from _and_parents([base, *(f"{base}.{alias.name}" for alias in node.names)])


def _absolute(node: ast.ImportFrom, package: str) -> str:
    with suppress(ImportError):
        return importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    return ""


def _and_parents(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _place(error: BaseException, folder: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}:{error.lineno})"
    return location_in(error, folder)
