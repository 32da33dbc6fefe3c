"""A fingerprint of the code that computes a feature: comments and layout don't count, helpers do.

Of the module a class stands in, what the class uses counts: another feature in the same file may change. Of the other
modules of the project that it imports, all counts. So do files of the project that this code names in a text, such as a
query beside it, and the versions of the libraries that it imports.
"""

from __future__ import annotations

import ast
import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from spark_etl.code.libraries import Libraries
from spark_etl.code.project import Project
from spark_etl.code.resources import Resources

DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
DYNAMIC = {"globals", "vars", "eval", "exec", "__import__", "import_module", "getmembers", "modules"}
PARSING = threading.Lock()


@dataclass(frozen=True)
class UsedModule:
    """What a feature uses of a module of the project.

    Attributes:
        name: The module.
        file: Its file.
        statements: Those that count for the feature's fingerprint; of another module than the feature's own, all.
    """

    name: str
    file: Path
    statements: Sequence[ast.stmt]


def code_fingerprint(project: Project, class_path: str) -> dict[str, Any]:
    """Returns what identifies the code of one feature; see `Fingerprints.of`."""
    return Fingerprints(project).of(class_path)


class Fingerprints:
    """The code of a project's features; each file is read once.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._modules: dict[str, _Module | None] = {}
        self._parts_of: dict[str, list[_CodePart]] = {}
        self._files_of: dict[_CodePart, frozenset[Path]] = {}
        self._libraries = Libraries(self._is_own_module)

    def of(self, class_path: str) -> dict[str, Any]:
        """Returns what identifies the code of a feature.

        Returns:
            `class`, `modules` (name → hash of what it uses of each of the project's modules, its own included),
            `files` (path in the project → hash) where it names any, and `fingerprint`, a hash over all of it.
        """
        parts_of_code = self._parts(class_path)
        parts: dict[str, Any] = {"modules": dict(sorted((part.name, part.hash) for part in parts_of_code))}
        if files := self._resources.hashes(frozenset[Path]().union(*map(self._files, parts_of_code))):
            parts["files"] = files
        known = (class_path, *(sorted(part.items()) for part in parts.values()))
        return {
            "class": class_path,
            "fingerprint": f"sha256:{hashlib.sha256(repr(known).encode()).hexdigest()}",
            **parts,
        }

    def used_modules(self, class_path: str) -> list[UsedModule]:
        """Returns what the code of a feature uses of the project's modules, its own first; docstrings are left out."""
        return [part.used_module for part in self._parts(class_path)]

    def statements(self, module: str) -> Sequence[ast.stmt]:
        """Returns all statements of a module of the project, without docstrings; none of another one."""
        found = self._module(module)
        return found.whole.used_module.statements if found else []

    def libraries(self, class_path: str) -> dict[str, str]:
        """Returns the libraries that the code of a feature imports, with their versions; Python's own don't count."""
        names = {name.split(".")[0] for part in self._parts(class_path) for name in part.imports}
        return self._libraries.versions(names - {""})

    def _is_own_module(self, name: str) -> bool:
        return name == "spark_etl" or self._project.file_of(name) is not None or (self._project.path / name).is_dir()

    @cached_property
    def _resources(self) -> Resources:
        return Resources(self._project)

    def _files(self, part: _CodePart) -> frozenset[Path]:
        if part not in self._files_of:
            self._files_of[part] = self._resources.files_named_in(part.texts, part.folder)
        return self._files_of[part]

    def _parts(self, class_path: str) -> list[_CodePart]:
        if class_path not in self._parts_of:
            own, _, class_name = class_path.rpartition(".")
            self._parts_of[class_path] = list(self._reached(own, class_name))
        return self._parts_of[class_path]

    def _reached(self, own: str, class_name: str) -> Iterator[_CodePart]:
        module = self._module(own)
        if module is None:
            return
        part = _CodePart(own, module, module.statements_used_by(class_name))
        yield part
        seen, waiting = {own}, [*part.imports, *_parents(own)]
        while waiting:
            name = waiting.pop()
            module = None if name in seen else self._module(name)
            seen.add(name)
            if module is not None:
                yield module.whole
                waiting += [*module.whole.imports, *_parents(name)]

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            file = self._project.file_of(name)
            self._modules[name] = None if file is None else _Module(name, file)
        return self._modules[name]


class _CodePart:
    """The statements of a module that count: some, or all."""

    def __init__(self, name: str, module: _Module, statements: list[ast.stmt]) -> None:
        self.name = name
        self.folder = module.folder
        self._module = module
        self._statements = statements

    @cached_property
    def hash(self) -> str:
        """Hash of the statements."""
        return _hash_of(self._statements)

    @cached_property
    def imports(self) -> list[str]:
        """Names of all modules they may import."""
        return list(self._module.imports_of(self._statements))

    @property
    def used_module(self) -> UsedModule:
        """The same for others than this module."""
        return UsedModule(self.name, self._module.file, self._statements)

    @cached_property
    def texts(self) -> list[str]:
        """The texts in them."""
        nodes = (node for statement in self._statements for node in ast.walk(statement))
        return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def parse_code(file: Path) -> ast.Module:
    """Returns the syntax tree of a file, by one thread at a time.

    CPython counts the depth of a tree for all threads together. Where two of them parse, one may end in a SystemError:
    "AST constructor recursion depth mismatch".
    """
    content = file.read_bytes()
    with PARSING:
        return ast.parse(content)


class _Module:
    """A module of the project: its statements, and what each of them binds and uses."""

    def __init__(self, name: str, file: Path) -> None:
        self._name = name
        self.file, self.folder = file, file.parent
        self._is_package = file.name == "__init__.py"
        tree = parse_code(file)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                _drop_docstring(node)
        self._statements = tree.body

    @cached_property
    def whole(self) -> _CodePart:
        """All of it."""
        return _CodePart(self._name, self, self._statements)

    @cached_property
    def _names(self) -> list[set[str]]:
        return [_names_in(statement) for statement in self._statements]

    @cached_property
    def _bound(self) -> list[set[str]]:
        return [_bound_by(statement) for statement in self._statements]

    def statements_used_by(self, name: str) -> list[ast.stmt]:
        """Returns the statements that a definition needs: those that bind a name it uses, and those that bind none.

        An import whose name nothing in the module uses is there for what it does. Where names are looked up by their
        text, every statement counts.
        """
        mentioned = set().union(*self._names)
        if DYNAMIC & mentioned:
            return self._statements
        wanted = {name}
        used = {
            position
            for position, (statement, bound) in enumerate(zip(self._statements, self._bound, strict=True))
            if isinstance(statement, ast.Import | ast.ImportFrom) and not bound & mentioned
        }
        while True:
            more = {
                position
                for position, bound in enumerate(self._bound)
                if position not in used and (not bound or bound & wanted or "*" in bound)
            }
            if not more:
                return [self._statements[position] for position in sorted(used)]
            used |= more
            wanted = wanted.union(*(self._names[position] for position in more))

    def imports_of(self, statements: Iterable[ast.stmt]) -> Iterator[str]:
        """Yields the names of the modules that statements may import."""
        for node in (node for statement in statements for node in ast.walk(statement)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._base_of(node)
                yield base
                yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)

    def _base_of(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self._name.split(".")
        kept = parts[: len(parts) - node.level + (1 if self._is_package else 0)]
        return ".".join([*kept, *([node.module] if node.module else [])])


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _names_in(statement: ast.stmt) -> set[str]:
    """Returns every name that a statement mentions, attributes included: of `importlib.import_module` both."""
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)}


def _bound_by(statement: ast.stmt) -> set[str]:
    """Returns the names a top-level statement binds and nothing else; empty if it may do more than that."""
    if isinstance(statement, DEFINITIONS):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    if isinstance(statement, ast.Assign | ast.AnnAssign) and all(isinstance(target, ast.Name) for target in targets):
        return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def _hash_of(statements: Iterable[ast.stmt]) -> str:
    text = "\n".join(ast.unparse(statement) for statement in statements)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.copy_location(ast.Pass(), node.body[0])]
