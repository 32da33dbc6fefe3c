"""The code that a run has kept, as what a feature uses of it: modules, and the definitions in them."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from spark_etl.code.fingerprint import DEFINITIONS, Fingerprints, UsedModule
from spark_etl.code.project import Project
from spark_etl.compare.runs.side import Side
from spark_etl.errors import ReadError, SparkEtlError

IMPORTS, TOP_LEVEL = "imports", "statements of the module"


@dataclass
class Definition:
    """A function, a method, a constant, or what else of a module or class counts.

    Attributes:
        name: Its name in the module: `WithPlan.transform`.
        code: What it does, without comments and layout.
        lines: Its lines in the file, from 1.
        binds: The name at the top of the module; empty where it binds none.
        mentions: Names in it.
    """

    name: str
    code: str = ""
    lines: set[int] = field(default_factory=set)
    binds: str = ""
    mentions: set[str] = field(default_factory=set)

    def add(self, node: ast.AST, code: str, lines: Iterable[int]) -> None:
        """Adds a statement."""
        self.code += f"{code}\n"
        self.lines.update(lines)
        self.mentions |= names_in(node)


class KeptCode:
    """The code of a run in a folder of its own, for as long as it is looked at.

    Args:
        side: The run.
    """

    def __init__(self, side: Side) -> None:
        self._side = side
        self._stack = ExitStack()
        self._used: dict[str, list[UsedModule] | None] = {}
        self._definitions: dict[tuple[str, str], dict[str, Definition]] = {}

    @cached_property
    def folder(self) -> Path | None:
        """Where the files lie; None where the run has kept none, or they can't be read."""
        if not self._side.code:
            return None
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-etl-diff-"))).resolve()
        try:
            self._side.run.code.unpack(folder)
        except (SparkEtlError, OSError):
            return None
        return folder

    @cached_property
    def _fingerprints(self) -> Fingerprints | None:
        try:
            return Fingerprints(Project(self.folder)) if self.folder else None
        except SparkEtlError:
            return None

    def used_modules(self, class_path: str) -> list[UsedModule] | None:
        """Returns what a class uses; None where that is not known: no code, or none that this Python can read."""
        if class_path not in self._used:
            self._used[class_path] = self._find(class_path)
        return self._used[class_path]

    def _find(self, class_path: str) -> list[UsedModule] | None:
        try:
            found = self._fingerprints.used_modules(class_path) if self._fingerprints and class_path else []
        except (SyntaxError, ValueError, RecursionError, OSError, ReadError):
            return None
        return found or None

    def definitions(self, module: UsedModule, class_path: str) -> dict[str, Definition]:
        """Returns name → definition of what a class uses of a module."""
        key = (class_path, module.name)
        if key not in self._definitions:
            self._definitions[key] = definitions_of(module.statements)
        return self._definitions[key]

    def all_definitions(self, module: str) -> dict[str, Definition]:
        """Returns name → definition of a whole module of the project: what a feature uses of it, and what not."""
        key = ("", module)
        if key not in self._definitions:
            statements = self._fingerprints.statements(module) if self._fingerprints else []
            self._definitions[key] = definitions_of(statements)
        return self._definitions[key]

    def path(self, module: UsedModule) -> str:
        """Returns where a module lies in the project."""
        return module.file.relative_to(self.folder or module.file.anchor).as_posix()

    def text(self, path: str) -> str | None:
        """Returns a file as text; None where there is none, or it is no text."""
        content = self._side.code.get(path)
        if content is None or b"\0" in content:
            return None
        return content.decode(errors="replace")

    def close(self) -> None:
        """Removes the folder."""
        self._stack.close()


def definitions_of(statements: Iterable[ast.stmt]) -> dict[str, Definition]:
    """Returns name → definition of the statements of a module."""
    found: dict[str, Definition] = {}
    for statement in statements:
        for name, binds, node, code, lines in _parts(statement):
            found.setdefault(name, Definition(name, binds=binds)).add(node, code, lines)
    return found


def _parts(statement: ast.stmt) -> Iterator[tuple[str, str, ast.AST, str, Iterable[int]]]:
    if isinstance(statement, ast.ClassDef):
        yield from _class_parts(statement)
        return
    name, binds = _name(statement)
    yield name, binds, statement, ast.unparse(statement), lines_of(statement)


def _class_parts(node: ast.ClassDef) -> Iterator[tuple[str, str, ast.AST, str, Iterable[int]]]:
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    for method in methods:
        yield f"{node.name}.{method.name}", node.name, method, ast.unparse(method), lines_of(method)
    rest = [each for each in node.body if each not in methods]
    bare = ast.ClassDef(node.name, node.bases, node.keywords, rest or [ast.Pass()], node.decorator_list)
    vars(bare)["type_params"] = getattr(node, "type_params", [])
    own = set(lines_of(node)).difference(*map(lines_of, methods))
    yield node.name, node.name, bare, ast.unparse(bare), own


def _name(statement: ast.stmt) -> tuple[str, str]:
    if isinstance(statement, DEFINITIONS):
        return statement.name, statement.name
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return IMPORTS, ""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return (names[0], names[0]) if len(names) == len(targets) == 1 else (TOP_LEVEL, "")


def lines_of(node: ast.stmt) -> range:
    """Returns the lines of a statement, decorators included."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    return range(first, (node.end_lineno or node.lineno) + 1)


def names_in(node: ast.AST) -> set[str]:
    """Returns every name that code mentions, attributes and imported names included."""
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
        elif isinstance(each, ast.Import | ast.ImportFrom):
            found |= {part for alias in each.names for part in (alias.name.split(".")[-1], alias.asname or "")}
    return found


def reachable(definitions: Mapping[str, Mapping[str, Definition]], own: str) -> set[tuple[str, str]]:
    """Returns the definitions, as (module, name), that a feature may use: by name, from its own module on.

    Args:
        definitions: Module → its definitions.
        own: The feature's module, of which only what it uses is there.
    """
    found = {(own, name) for name in definitions.get(own, {})}
    wanted = set().union(*(each.mentions for each in definitions.get(own, {}).values()))
    waiting = {
        (module, name): each
        for module, known in definitions.items()
        for name, each in known.items()
        if module != own and name != IMPORTS
    }
    renamed = {new: old for known in definitions.values() for new, old in _renamed(known.get(IMPORTS))}
    while True:
        wanted |= {old for new, old in renamed.items() if new in wanted}
        reached = {key for key, each in waiting.items() if not each.binds or each.binds in wanted}
        if not reached:
            return found
        found |= reached
        wanted = wanted.union(*(waiting.pop(key).mentions for key in reached))


def _renamed(imports: Definition | None) -> Iterator[tuple[str, str]]:
    """Yields the names that imports give something, and what it is called where it is defined."""
    for node in ast.walk(ast.parse(imports.code)) if imports else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname, alias.name.split(".")[-1]) for alias in node.names if alias.asname)
